/**
 * A user's browser: a cookie jar, and requests through the balancer that are counted.
 *
 * Not here: what the user does (user.ts).
 */
import { CookieJar } from "tough-cookie";
import { type Received, send } from "./http-client.js";
import type { Tally } from "../outcome/tally.js";
import { SERVER_HEADER, type Storefront } from "./storefront.js";

/** What came of a request. */
export interface Answer {
  /** `interrupted`: the process was killed under it, and nothing was acknowledged. */
  readonly outcome: "answered" | "failed" | "interrupted";
  readonly status: number;
  readonly body: unknown;
  /** Where a redirect leads. */
  readonly location: string | undefined;
  /** Which server answered last. */
  readonly server: string;
  /** To how many servers the balancer sent it. */
  readonly attempts: number;
  /** The server says itself that what it shows may be behind what the user has seen (P5, P9). */
  readonly isMarkedStale: boolean;
}

/** What a request says beside its path. */
interface Asking {
  readonly form?: Readonly<Record<string, string>>;
  /** Sent in place of the jar's; the jar then takes nothing from the answer. */
  readonly cookie?: string;
  /** Where to, if not to the user's own side. */
  readonly origin?: string;
}

/** So long that only a request that hangs exceeds it, on however busy a machine. */
const TIMEOUT_MS = 60_000;
/** Cookies are the same for all ports of a host. */
const JAR_URL = "http://127.0.0.1/";
/** On answers that may be behind what the user has seen. */
const STALE_HEADER = "session-mesh-stale";
const FAILED: Answer = {
  outcome: "failed",
  status: 0,
  body: undefined,
  location: undefined,
  server: "",
  attempts: 1,
  isMarkedStale: false,
};

/** One browser. Its tabs share the jar. */
export class Browser {
  readonly #origin: () => string;
  readonly #tally: Tally;
  readonly #storefront: Storefront;
  readonly #jar = new CookieJar();

  constructor(
    origin: () => string,
    { tally, storefront }: { tally: Tally; storefront: Storefront },
  ) {
    this.#origin = origin;
    this.#tally = tally;
    this.#storefront = storefront;
  }

  /** The Cookie header that the next request carries. */
  get cookie(): string {
    return this.#jar.getCookieStringSync(JAR_URL);
  }

  /** Of it the session's id alone, without what tells a server what this browser has seen. */
  get sessionCookie(): string {
    const cookies = this.#jar.getCookiesSync(JAR_URL);
    return cookies.find(({ key }) => key === this.#storefront.sessionCookie)?.cookieString() ?? "";
  }

  get(path: string, asking: Asking = {}): Promise<Answer> {
    return this.#send("GET", path, asking);
  }

  post(
    path: string,
    form: Readonly<Record<string, string>> = {},
    asking: Asking = {},
  ): Promise<Answer> {
    return this.#send("POST", path, { form, ...asking });
  }

  /** Counts an answer that is not what was expected as a failed request. */
  expect(answer: Answer, statuses: readonly number[], what: string): boolean {
    if (answer.outcome !== "answered") return false;
    if (statuses.includes(answer.status)) return true;
    this.#tally.fail(`${what}: answered ${answer.status}`);
    return false;
  }

  async #send(method: "GET" | "POST", path: string, asking: Asking): Promise<Answer> {
    const { form, cookie, origin = this.#origin() } = asking;
    const startedAtMs = performance.now();
    this.#tally.requests += 1;
    try {
      const received = await send(new URL(path, origin).href, {
        method,
        cookie: cookie ?? this.cookie,
        ...(form && { form }),
        timeoutMs: TIMEOUT_MS,
      });
      if (cookie === undefined) this.#keep(received);
      const answer = answerOf(received, {
        isInterrupted: this.#storefront.isInterrupted(received, startedAtMs),
        attempts: this.#storefront.attemptsOf(received),
      });
      this.#tally.requestMs.add(performance.now() - startedAtMs);
      this.#count(`${method} ${path}`, answer);
      return answer;
    } catch (error) {
      this.#tally.fail(`${method} ${path}: ${String(error)}`);
      return FAILED;
    }
  }

  #keep({ headers }: Received): void {
    for (const header of headers["set-cookie"] ?? []) {
      this.#jar.setCookieSync(header, JAR_URL);
    }
  }

  #count(request: string, { outcome, status, body }: Answer): void {
    if (outcome === "interrupted") this.#tally.interrupted += 1;
    if (outcome !== "failed") return;
    this.#tally.fail(`${request}: answered ${status} ${JSON.stringify(body)}`);
  }
}

function answerOf(
  { status, headers, text }: Received,
  { isInterrupted, attempts }: { isInterrupted: boolean; attempts: number },
): Answer {
  const isJson = headers["content-type"]?.startsWith("application/json") === true;
  return {
    outcome: isInterrupted ? "interrupted" : status >= 500 ? "failed" : "answered",
    status,
    body: isJson ? JSON.parse(text) : text,
    location: headers.location,
    server: String(headers[SERVER_HEADER] ?? ""),
    attempts,
    isMarkedStale: headers[STALE_HEADER] === "1",
  };
}

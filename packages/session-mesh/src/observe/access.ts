/**
 * Who may read the admin endpoints: a judgement of one request's head and its socket.
 *
 *   Host     this machine by name, an IP address, or in `hosts`: a page whose name was made to point
 *            here (DNS rebinding) carries its own name
 *   Origin   none, the same as Host, or in `origins`
 *   token    where one is set; else only from loopback, and not through a proxy
 *
 * Not here: which endpoints there are (admin.ts).
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { isLoopbackHost } from "../addresses.js";

/** What is allowed beside loopback. */
export interface AccessRules {
  /** Any of them is good; none: only loopback. */
  readonly tokens: readonly string[];
  /** Host names, without a port. */
  readonly hosts: readonly string[];
  /** As browsers write them: `https://ops.example.com`. */
  readonly origins: readonly string[];
}

/** Why a request is refused, as an HTTP answer. */
interface AccessRefusal {
  readonly status: 400 | 401 | 403;
  readonly error: string;
}

/** What a proxy in between leaves behind. */
const PROXY_HEADERS = ["forwarded", "x-forwarded-for", "x-real-ip", "via"] as const;

const HOST = /^(\[[0-9a-f:.]+\]|[^\s:/@[\]]+)(?::\d{1,5})?$/i;

const MAPPED_IPV4 = /^::ffff:(?=\d+\.)/i;

/** Judges requests by one set of rules. */
export class Access {
  readonly #tokenHashes: readonly Buffer[];
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor({ tokens, hosts, origins }: AccessRules) {
    this.#tokenHashes = tokens.map(hashOf);
    this.#hosts = new Set(hosts.map((host) => host.toLowerCase()));
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase()));
  }

  /** Why `request` is refused; undefined when it is not. */
  judge(request: IncomingMessage): AccessRefusal | undefined {
    return this.#judgeHost(request) ?? this.#judgeOrigin(request) ?? this.#judgeReader(request);
  }

  /** The origin of another site that may read the answer. */
  foreignOrigin({ headers }: IncomingMessage): string | undefined {
    const { origin } = headers;
    return origin !== undefined && this.#origins.has(origin.toLowerCase()) ? origin : undefined;
  }

  #judgeHost({ headers }: IncomingMessage): AccessRefusal | undefined {
    const bracketed = HOST.exec(headers.host ?? "")?.[1];
    if (bracketed === undefined) return { status: 400, error: "the Host header is malformed" };
    const host = bracketed.replace(/^\[|\]$/g, "").toLowerCase();
    if (isLoopbackHost(host) || isIP(host) !== 0 || this.#hosts.has(host)) return undefined;
    return refuse("the Host header names another host; if it is this one, add it to `hosts`");
  }

  #judgeOrigin(request: IncomingMessage): AccessRefusal | undefined {
    const { origin, host = "" } = request.headers;
    if (origin === undefined || this.foreignOrigin(request) !== undefined) return undefined;
    const isSame = URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
    if (isSame) return undefined;
    return refuse("the Origin header names another site; if it may read this, add it to `origins`");
  }

  #judgeReader({ headers, socket }: IncomingMessage): AccessRefusal | undefined {
    if (this.#tokenHashes.length > 0) {
      const given = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
      if (given !== undefined && this.#isToken(given)) return undefined;
      const error = "send the admin's token, as `Authorization: Bearer TOKEN`";
      return { status: 401, error };
    }
    const address = socket.remoteAddress?.replace(MAPPED_IPV4, "") ?? "";
    const isDirect = PROXY_HEADERS.every((name) => headers[name] === undefined);
    if (isDirect && isLoopbackHost(address)) return undefined;
    return refuse("without a `token` the admin answers only to this machine, and not to a proxy");
  }

  #isToken(given: string): boolean {
    const hash = hashOf(given);
    // Every token is compared, so that the time taken says nothing of which one was near.
    return this.#tokenHashes.map((known) => timingSafeEqual(known, hash)).includes(true);
  }
}

function refuse(error: string): AccessRefusal {
  return { status: 403, error };
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

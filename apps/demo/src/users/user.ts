/**
 * One user: logs in, shops in two tabs at once, looks whether what was put is there, logs out, and
 * comes back, until told to stop.
 *
 * Not here: what must be there (ledger.ts), and the reading at the end (read-back.ts).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, Browser } from "./browser.js";
import { type Difference, type Ended, isWhole, Ledger, type Mark } from "./ledger.js";
import type { Route, Storefront } from "./storefront.js";
import type { Shown } from "./shown.js";
import type { Tally } from "../outcome/tally.js";

/** What a user needs of the run. */
interface UserOptions {
  readonly name: string;
  readonly storefront: Storefront;
  readonly route: Route;
  readonly tally: Tally;
  /** Takes the ledger of every session. */
  readonly book: (ledger: Ledger) => void;
  /** Takes what ended otherwise than by a logout: a login ends the session before it (M13). */
  readonly retire: (ended: Ended) => void;
  readonly isOver: () => boolean;
}

/** A logout that was acknowledged: by which server, and through which balancer. */
interface LoggedOut {
  readonly server: string;
  readonly origin: string;
}

/** How long a user looks at a page. */
const THINK_MS = { min: 300, max: 1_200 };
/** How many rounds of shopping a session has before its user logs out. */
const ROUNDS = { min: 2, max: 6 };
/** How long the slow request takes that a logout overlaps. */
const SLOW_MS = { min: 120, max: 300 };
/** How long a stale read is given, in growing steps, before what it lacks is taken for lost. */
const STALE_RETRIES_MS = [20, 50, 100, 200, 400, 800, 1_600];
const CHANCE_OF_STAYING = 0.1;
const CHANCE_OF_SLOW_REQUEST = 0.5;
/** Begins a day later, say, rather than hammering a shop that does not let him in. */
const DISCOURAGED_MS = 1_000;

/** A user, who lives until the run is over. */
export class User {
  readonly #options: UserOptions;
  #itemCount = 0;

  constructor(options: UserOptions) {
    this.#options = options;
  }

  async live(): Promise<void> {
    await sleep(between({ min: 0, max: THINK_MS.max }));
    while (!this.#options.isOver()) {
      const browser = new Browser(this.#options.route.origin, this.#options);
      const ledger = await this.#logIn(browser);
      if (ledger) await this.#shop(browser, ledger);
      else await sleep(DISCOURAGED_MS);
    }
  }

  /** Looks around without a name first, so that the login ends that session's id. */
  async #logIn(browser: Browser): Promise<Ledger | undefined> {
    const { name, tally, book, retire } = this.#options;
    const look = await browser.get("/account");
    if (!browser.expect(look, [200], "a look around")) return undefined;
    const before = browser.sessionCookie;
    const answer = await browser.post("/login", { user: name });
    if (!browser.expect(answer, [303], "a login")) return undefined;
    tally.sessions += 1;
    tally.acknowledgedWrites += 1;
    if (before !== "") retire({ user: name, cookie: before, isResurrected: false });
    const ledger = new Ledger(name, browser.sessionCookie);
    book(ledger);
    await this.#view(browser, ledger, answer.location);
    return ledger;
  }

  async #shop(browser: Browser, ledger: Ledger): Promise<void> {
    do {
      const rounds = Math.round(between(ROUNDS));
      for (let round = 0; round < rounds; round += 1) {
        await sleep(between(THINK_MS));
        if (this.#options.isOver() || ledger.state !== "open") return;
        await this.#putInTwoTabs(browser, ledger);
        await this.#view(browser, ledger);
        await this.#cross(browser, ledger);
      }
    } while (Math.random() < CHANCE_OF_STAYING);
    if (this.#options.isOver() || ledger.state !== "open") return;
    if (Math.random() < CHANCE_OF_SLOW_REQUEST) await this.#logOutMeanwhile(browser, ledger);
    else await this.#logOut(browser, ledger);
  }

  async #putInTwoTabs(browser: Browser, ledger: Ledger): Promise<void> {
    const path = Math.random() < 0.5 ? "/cart" : "/likes";
    await Promise.all([this.#put(browser, ledger, path), this.#put(browser, ledger, path)]);
  }

  /** Once in a partition: shops on both sides at the same time, and looks around on the other one. */
  async #cross(browser: Browser, ledger: Ledger): Promise<void> {
    const { route, tally } = this.#options;
    const origin = route.otherSide();
    if (origin === undefined || ledger.hasCrossed) return;
    ledger.hasCrossed = true;
    const puts = [
      this.#put(browser, ledger, "/likes"),
      this.#put(browser, ledger, "/likes", { origin }),
    ];
    if ((await Promise.all(puts)).every(Boolean)) tally.writtenOnBothSides += 1;
    if (route.otherSide() !== origin) return;
    await this.#view(browser, ledger, "/account", { origin });
    tally.crossings += 1;
  }

  /** Whether it was acknowledged. */
  async #put(
    browser: Browser,
    ledger: Ledger,
    path: string,
    where: { origin?: string } = {},
  ): Promise<boolean> {
    const sentAtMs = performance.now();
    const item = this.#nextItem();
    ledger.attemptItem(item);
    const answer = await browser.post(path, { item }, where);
    if (answer.status === 401 && this.#isDeclared(answer, sentAtMs)) return false;
    if (!browser.expect(answer, [204], `${this.#options.name} puts something`)) return false;
    ledger.acknowledgeItem(item);
    this.#options.tally.acknowledgedWrites += 1;
    return true;
  }

  /** Looks at the page, which counts the view, and checks what it shows. */
  async #view(
    browser: Browser,
    ledger: Ledger,
    path: string = "/account",
    where: { origin?: string } = {},
  ): Promise<void> {
    const sentAtMs = performance.now();
    const mark = ledger.mark();
    ledger.attemptView();
    const answer = await browser.get(path, where);
    const isAcknowledged =
      answer.outcome === "answered" && answer.status === 200 && !this.#isUnwritten(answer);
    ledger.answeredView({ isAcknowledged, attempts: answer.attempts });
    if (!browser.expect(answer, [200], `${this.#options.name} views a page`)) return;
    if (isAcknowledged) this.#options.tally.acknowledgedWrites += 1;
    const difference = ledger.compare(answer.body as Shown, mark);
    if (isWhole(difference)) return;
    if (this.#isDeclared(answer, sentAtMs)) return;
    if (this.#options.route.wasCutSince(sentAtMs)) return this.#noteStale(ledger, difference);
    await this.#retryStale(browser, { ledger, mark, difference });
  }

  /** Counts an answer that says itself that it may be behind, while the other side is out of reach. */
  #isDeclared(answer: Answer, sentAtMs: number): boolean {
    const { route, tally } = this.#options;
    if (!answer.isMarkedStale) return false;
    if (!route.wasCutSince(sentAtMs)) {
      tally.note(`${this.#options.name}: marked as stale, though all can be reached`);
      return false;
    }
    tally.staleDeclared += 1;
    return true;
  }

  #isUnwritten({ isMarkedStale, body }: Answer): boolean {
    if (this.#options.storefront.doesWriteUnknown) return false;
    return isMarkedStale && (body as Shown).user === null;
  }

  #noteStale(ledger: Ledger, difference: Difference): void {
    this.#options.tally.staleReads += 1;
    this.#options.tally.note(`${ledger.user}: stale, not marked: ${JSON.stringify(difference)}`);
  }

  /** Tells a stale read, which a moment mends, from a loss. */
  async #retryStale(
    browser: Browser,
    { ledger, mark, difference }: { ledger: Ledger; mark: Mark; difference: Difference },
  ): Promise<void> {
    let last = difference;
    for (const pauseMs of STALE_RETRIES_MS) {
      await sleep(pauseMs);
      const answer = await browser.get("/peek", { cookie: ledger.cookie });
      if (answer.outcome !== "answered" || answer.status !== 200) continue;
      last = ledger.compare(answer.body as Shown, mark);
      if (!isWhole(last)) continue;
      return this.#noteStale(ledger, difference);
    }
    ledger.lose(last);
    this.#options.tally.note(`${ledger.user} lost ${JSON.stringify(last)}`);
  }

  /** Where the session ended; undefined when no server said so. */
  async #logOut(browser: Browser, ledger: Ledger): Promise<LoggedOut | undefined> {
    const { route, tally } = this.#options;
    ledger.state = "unclear";
    const origin = route.origin();
    const answer = await browser.post("/logout", {}, { origin });
    if (!browser.expect(answer, [204], "a logout")) return undefined;
    ledger.state = "ended";
    tally.logouts += 1;
    const loggedOut = { server: answer.server, origin };
    await this.#checkEnded(ledger, loggedOut);
    return loggedOut;
  }

  /** Logs out while another tab's slow request is under way; that one's write must die with it. */
  async #logOutMeanwhile(browser: Browser, ledger: Ledger): Promise<void> {
    let isAnswered = false;
    const slow = this.#putSlowly(browser, ledger).finally(() => (isAnswered = true));
    await sleep(between({ min: SLOW_MS.min / 6, max: SLOW_MS.min / 2 }));
    const isMeanwhile = !isAnswered;
    const loggedOut = await this.#logOut(browser, ledger);
    if (loggedOut && isMeanwhile) this.#options.tally.logoutsInFlight += 1;
    await slow;
    if (loggedOut) await this.#checkEnded(ledger, loggedOut);
  }

  async #putSlowly(browser: Browser, ledger: Ledger): Promise<Answer> {
    const item = this.#nextItem();
    ledger.attemptItem(item);
    const slowMs = String(Math.round(between(SLOW_MS)));
    return browser.post("/cart", { item, slowMs });
  }

  /** Comes with the old cookie, as a thief would. */
  async #checkEnded(ledger: Ledger, { server, origin }: LoggedOut): Promise<void> {
    const { tally } = this.#options;
    const thief = new Browser(() => origin, this.#options);
    const answer = await thief.get("/peek", { cookie: ledger.cookie });
    if (!thief.expect(answer, [200], "a look with an old cookie")) return;
    if ((answer.body as Shown).user === null || ledger.isResurrected) return;
    ledger.isResurrected = true;
    tally.note(`${ledger.user} logged out at ${server}, and ${answer.server} still knows him`);
  }

  #nextItem(): string {
    this.#itemCount += 1;
    return `${this.#options.name}-${this.#itemCount}`;
  }
}

function between({ min, max }: { min: number; max: number }): number {
  return min + Math.random() * (max - min);
}

/**
 * How users find the shop: by the common door, or, while the machines are cut off one another, by the
 * door of their side; and which requests a kill has broken.
 *
 * Not here: the doors themselves (haproxy.ts).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Received } from "../users/http-client.js";
import type { Route, Storefront } from "../users/storefront.js";
import { SERVER_HEADER } from "../users/storefront.js";
import { RETRIES_HEADER } from "./haproxy.js";
import type { Site } from "./site.js";

interface Killing {
  readonly server: string;
  /** Of performance.now(): until when a request may have been sent to the dying process. */
  untilMs: number;
}

/** How long what was sent before users went to their side may take. */
const SETTLE_MS = 1_000;
const BROKEN_OFF = [500, 502, 503, 504];

/** The way to the shop, for all users. */
export class Streets implements Storefront {
  readonly sessionCookie = "JSESSIONID";
  readonly doesWriteUnknown = false;
  readonly #site: Site;
  readonly #killings: Killing[] = [];
  #areUsersApart = false;
  #isCut = false;
  #healedAtMs = Number.NEGATIVE_INFINITY;

  constructor(site: Site) {
    this.#site = site;
  }

  /** The route of a user, who is always on the same side. */
  routeOf(userNumber: number): Route {
    const [side1, side2] = this.#site.haproxy.sideUrls;
    const [own, other] = userNumber % 2 === 0 ? [side1, side2] : [side2, side1];
    return {
      origin: () => (this.#areUsersApart ? own : this.#site.haproxy.url),
      otherSide: () => (this.#isCut ? other : undefined),
      wasCutSince: (sinceMs) => this.#isCut || this.#healedAtMs >= sinceMs,
    };
  }

  attemptsOf({ headers }: Received): number {
    return 1 + Number(headers[RETRIES_HEADER] ?? 0);
  }

  isInterrupted({ status, headers }: Received, sentAtMs: number): boolean {
    if (!BROKEN_OFF.includes(status)) return false;
    const server = headers[SERVER_HEADER];
    return this.#killings.some((one) => one.server === server && sentAtMs <= one.untilMs);
  }

  /** Kills something of `server`'s; what was under way there meanwhile counts as interrupted. */
  async whileKilled(server: string, kill: () => Promise<unknown>): Promise<void> {
    const killing: Killing = { server, untilMs: Number.POSITIVE_INFINITY };
    this.#killings.push(killing);
    await kill();
    killing.untilMs = performance.now();
  }

  /** Sends users to their side, then cuts the machines off one another. */
  async part(): Promise<void> {
    this.#areUsersApart = true;
    await sleep(SETTLE_MS);
    this.#isCut = true;
    await this.#site.machines.cut();
  }

  /** After the heal: users may go anywhere again. */
  async meet(): Promise<void> {
    this.#healedAtMs = performance.now();
    this.#isCut = false;
    this.#areUsersApart = false;
  }
}

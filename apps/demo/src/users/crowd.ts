/**
 * The crowd: as many users as asked for, and the prober, who live while things happen to the shop.
 *
 * Not here: what happens (the storylines), and what one user does (user.ts).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isEnoughDone, type Size } from "../outcome/promises.js";
import type { Tally } from "../outcome/tally.js";
import type { Ended, Ledger } from "./ledger.js";
import { probe } from "./prober.js";
import type { Route, Server, Storefront } from "./storefront.js";
import { User } from "./user.js";

/** Where a crowd lives, and what is written down of it. */
interface CrowdOptions {
  readonly size: Size;
  readonly storefront: Storefront;
  readonly routeOf: (userNumber: number) => Route;
  /** The servers that can be asked past the balancer at the moment. */
  readonly servers: () => readonly Server[];
  readonly tally: Tally;
  readonly ledgers: Ledger[];
  /** What ended otherwise than by a logout. */
  readonly retired: Ended[];
  /** Plays what happens meanwhile. */
  readonly story: () => Promise<void>;
}

/** How much longer than asked for users keep at it, at most, where too little was done to tell. */
const ENOUGH_DEADLINE_MS = 60_000;
const ENOUGH_POLL_MS = 100;

/** Lives until the time and the story are over. Rejects when the story fails. */
export async function live(options: CrowdOptions): Promise<void> {
  const { size, storefront, routeOf, servers, tally, ledgers, retired } = options;
  let hasEnded = false;
  const isOver = (): boolean => hasEnded;
  const book = (ledger: Ledger): void => void ledgers.push(ledger);
  const retire = (ended: Ended): void => void retired.push(ended);
  const lives = Array.from({ length: size.users }, (_, index) => {
    const name = `user-${index + 1}`;
    const route = routeOf(index);
    return new User({ name, route, storefront, tally, book, retire, isOver }).live();
  });
  const { wasCutSince } = routeOf(0);
  const probing = probe({ servers, storefront, wasCutSince, tally, isOver });
  const living = Promise.all([...lives, probing]);
  // Users only end of themselves by a bug of the demo, which must not wait for the story.
  const acts = Promise.all([sleep(size.seconds * 1_000), options.story()]);
  await Promise.race([acts.then(() => untilEnoughIsDone(tally, size)), living]);
  hasEnded = true;
  await living;
}

/** On a busy machine the time asked for may be too short to show anything. */
async function untilEnoughIsDone(tally: Tally, size: Size): Promise<void> {
  const startedAtMs = performance.now();
  const isLate = (): boolean => performance.now() - startedAtMs > ENOUGH_DEADLINE_MS;
  while (!isEnoughDone(tally, size) && !isLate()) await sleep(ENOUGH_POLL_MS);
}

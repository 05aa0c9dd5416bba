/**
 * The reading at the end: every session is read from every process, past the balancer, and held
 * against its user's ledger.
 *
 * Not here: what users saw while the run lasted (user.ts).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { peek } from "./direct.js";
import { type Ended, isWhole, type Ledger } from "./ledger.js";
import type { Tally } from "../outcome/tally.js";
import type { Shown } from "./shown.js";
import type { Server } from "./storefront.js";

/** What is read back. */
interface ReadBackOptions {
  readonly processes: readonly Server[];
  readonly ledgers: readonly Ledger[];
  /** What ended otherwise than by a logout. */
  readonly retired: readonly Ended[];
  readonly tally: Tally;
}

interface Settling extends ReadBackOptions {
  /** Of performance.now(): when the processes must be equal. */
  readonly deadlineAtMs: number;
}

/** How long the processes are given to become equal after the last request. */
const SETTLE_DEADLINE_MS = 15_000;
const SETTLE_POLL_MS = 100;
const AT_ONCE = 24;

/** Reads everything back; what is found goes to the ledgers and the tally. */
export async function readBack(options: ReadBackOptions): Promise<void> {
  const { ledgers, retired } = options;
  const deadlineAtMs = performance.now() + SETTLE_DEADLINE_MS;
  const settling = { ...options, deadlineAtMs };
  const living = ledgers.filter(({ state }) => state === "open" || state === "lost");
  const ended = ledgers.filter(({ state }) => state === "ended");
  await eachOf(living, (ledger) => readLiving(ledger, settling));
  await eachOf([...ended, ...retired], (one) => readEnded(one, settling));
}

async function readLiving(
  ledger: Ledger,
  { processes, tally, deadlineAtMs }: Settling,
): Promise<void> {
  const hadLosses = ledger.reconsider();
  const mark = ledger.mark();
  let all = await peekAll(processes, ledger.cookie);
  const isSettled = (): boolean =>
    all.every((shown) => isWhole(ledger.compare(shown, mark))) && areEqual(all);
  while (!isSettled() && performance.now() < deadlineAtMs) {
    await sleep(SETTLE_POLL_MS);
    all = await peekAll(processes, ledger.cookie);
  }
  if (hadLosses && isSettled()) tally.staleReads += 1;
  for (const shown of all) {
    const difference = ledger.compare(shown, mark);
    if (!isWhole(difference))
      tally.note(`${ledger.user} on ${shown.node}: ${JSON.stringify(difference)}`);
    ledger.lose(difference);
  }
  const faults = new Set(all.flatMap((shown) => ledger.faults(shown)));
  if (!areEqual(all)) {
    faults.add("the processes differ");
    tally.unequalAtEnd += 1;
  }
  for (const fault of faults) tally.note(`${ledger.user}: ${fault}`);
  tally.mergeFaults += faults.size;
}

async function readEnded(
  ended: Ended,
  { processes, tally, deadlineAtMs }: Settling,
): Promise<void> {
  const isAlive = ({ user, views }: Shown): boolean => user !== null || views > 0;
  let all = await peekAll(processes, ended.cookie);
  while (all.some(isAlive) && performance.now() < deadlineAtMs) {
    await sleep(SETTLE_POLL_MS);
    all = await peekAll(processes, ended.cookie);
  }
  const alive = all.find(isAlive);
  if (!alive) return;
  if (!all.every(isAlive)) tally.unequalAtEnd += 1;
  if (ended.isResurrected) return;
  ended.isResurrected = true;
  tally.note(`${ended.user}'s session ended, and ${alive.node} shows it at the end`);
}

function peekAll(processes: readonly Server[], cookie: string): Promise<Shown[]> {
  return Promise.all(processes.map(({ origin }) => peek(origin, cookie)));
}

function areEqual(all: readonly Shown[]): boolean {
  const texts = all.map(({ user, cart, likes, note, views }) => {
    const keys = Object.keys(likes).toSorted();
    return JSON.stringify([user, cart, keys, note, views]);
  });
  return new Set(texts).size <= 1;
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

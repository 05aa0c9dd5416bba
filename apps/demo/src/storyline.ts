/**
 * What happens to the app servers while their users go on: a rolling deploy of all, a `kill -9` of
 * one, another one that joins meanwhile, the return of the killed one, a partition and its heal.
 *
 * Not here: how a server is started or ended (cluster.ts), and whether anybody noticed (promises.ts).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, Slot } from "./cluster.js";
import type { Partition } from "./partition.js";
import type { Tally } from "./outcome/tally.js";

/** What the storyline works with. */
interface StorylineOptions {
  readonly cluster: Cluster;
  readonly partition: Partition;
  readonly tally: Tally;
  /** Whether enough was done on both sides of the partition. */
  readonly isEnoughApart: () => boolean;
  /** Tells people what happens. */
  readonly say: (line: string) => void;
}

const WARM_UP_MS = 2_000;
/** Between two steps, so that traffic settles on what is there. */
const PAUSE_MS = 500;
/** How long the sides are apart: at least, and at most if too little is done on both. */
const APART_MS = { min: 3_000, max: 60_000 };
const POLL_MS = 50;

/** Plays it from beginning to end. Rejects when a process does not come up. */
export async function playStoryline(options: StorylineOptions): Promise<void> {
  options.say("warm-up: users log in, shop in two tabs at once, log out");
  await sleep(WARM_UP_MS);
  await deployAll(options);
  await sleep(PAUSE_MS);
  await killOne(options);
  await partAndHeal(options);
}

async function deployAll({ cluster, tally, say }: StorylineOptions): Promise<void> {
  say("rolling deploy: every process gets a SIGTERM, and a new one takes its place");
  for (const slot of cluster.slots) {
    const exit = await cluster.terminate(slot);
    if (exit.code !== 0) {
      tally.badExits += 1;
      tally.note(`${slot.name} exited with ${exit.signal ?? `code ${exit.code}`} when deployed`);
    }
    say(`  ${slot.name} finished its requests and exited with ${exit.signal ?? exit.code}`);
    await cluster.launch(slot);
    tally.deploys += 1;
    say(`  ${slot.name} is a new process, ${slot.process?.pid}, and ready`);
    await sleep(PAUSE_MS);
  }
}

async function killOne(options: StorylineOptions): Promise<void> {
  const { cluster, tally, say } = options;
  const slot = busiest(cluster);
  const inFlightCount = slot.upstream?.inFlightCount ?? 0;
  say(`kill -9 ${slot.process?.pid}: ${slot.name}, with ${inFlightCount} requests in flight`);
  await cluster.kill(slot);
  tally.kills += 1;
  await joinOne(options);
  await cluster.launch(slot);
  say(`  ${slot.name} is back as process ${slot.process?.pid}, and ready`);
  await sleep(PAUSE_MS);
}

async function joinOne({ cluster, tally, say }: StorylineOptions): Promise<void> {
  const slot = cluster.addSlot();
  say(`${slot.name} joins: one app server more, under load`);
  await cluster.launch(slot);
  tally.joins += 1;
  say(`  ${slot.name} is process ${slot.process?.pid}, ready, and linked to all`);
}

async function partAndHeal(options: StorylineOptions): Promise<void> {
  const { partition, tally, say, isEnoughApart } = options;
  say("partition: users go to one of two sides, each with a balancer of its own");
  const [here, there] = await partition.cut();
  say(`  no link between ${here.join(", ")} and ${there.join(", ")}; some users cross over`);
  const startedAtMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedAtMs;
  const isEnough = (): boolean => elapsedMs() >= APART_MS.min && isEnoughApart();
  while (!isEnough() && elapsedMs() < APART_MS.max) await sleep(POLL_MS);
  await partition.heal();
  tally.partitions += 1;
  say(`  healed: all are linked to all; ${tally.writtenOnBothSides} sessions were written on both`);
  await sleep(PAUSE_MS);
}

function busiest(cluster: Cluster): Slot {
  const inFlight = (slot: Slot): number => slot.upstream?.inFlightCount ?? 0;
  return cluster.slots.reduce((a, b) => (inFlight(b) > inFlight(a) ? b : a));
}

/**
 * What happens to the app servers while their users go on: a rolling deploy of all, then a `kill -9`
 * of one and its return.
 *
 * Not here: how a server is started or ended (cluster.ts), and whether anybody noticed (promises.ts).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, Slot } from "./cluster.js";
import type { Tally } from "./tally.js";

/** What the storyline works with. */
interface StorylineOptions {
  readonly cluster: Cluster;
  readonly tally: Tally;
  /** Tells people what happens. */
  readonly say: (line: string) => void;
}

const WARM_UP_MS = 3_000;
/** Between two steps, so that traffic settles on what is there. */
const PAUSE_MS = 800;
/** How long the killed process stays away. */
const AWAY_MS = 2_000;

/** Plays it from beginning to end. Rejects when a process does not come up. */
export async function playStoryline(options: StorylineOptions): Promise<void> {
  options.say("warm-up: users log in, shop in two tabs at once, log out");
  await sleep(WARM_UP_MS);
  await deployAll(options);
  await sleep(PAUSE_MS);
  await killOne(options);
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

async function killOne({ cluster, tally, say }: StorylineOptions): Promise<void> {
  const slot = busiest(cluster);
  const inFlightCount = slot.upstream?.inFlightCount ?? 0;
  say(`kill -9 ${slot.process?.pid}: ${slot.name}, with ${inFlightCount} requests in flight`);
  await cluster.kill(slot);
  tally.kills += 1;
  await sleep(AWAY_MS);
  await cluster.launch(slot);
  say(`  ${slot.name} is back as process ${slot.process?.pid}, and ready`);
  await sleep(PAUSE_MS);
}

function busiest(cluster: Cluster): Slot {
  const inFlight = (slot: Slot): number => slot.upstream?.inFlightCount ?? 0;
  return cluster.slots.reduce((a, b) => (inFlight(b) > inFlight(a) ? b : a));
}

/**
 * What happens to the shop while its users go on: each Tomcat is drained, gets the shop's new version
 * and returns; one is killed; a sidecar is killed; the machines are cut off one another, and meet again.
 *
 * Not here: how it is done (site.ts), and whether anybody noticed (outcome/promises.ts).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Tally } from "../outcome/tally.js";
import type { Streets } from "./streets.js";
import type { Place, Site } from "./site.js";

/** What the storyline works with. */
interface StorylineOptions {
  readonly site: Site;
  readonly streets: Streets;
  readonly tally: Tally;
  /** Whether enough was done on both sides of the cut. */
  readonly isEnoughApart: () => boolean;
  /** Tells people what happens. */
  readonly say: (line: string) => void;
}

const WARM_UP_MS = 3_000;
/** Between two steps, so that traffic settles on what is there. */
const PAUSE_MS = 1_500;
/** How long the sides are apart: at least, and at most if too little is done on both. */
const APART_MS = { min: 5_000, max: 60_000 };
const POLL_MS = 50;
/** Java's code for an end by SIGTERM in good order. */
const TERMINATED_CODE = 143;

/** Plays it from beginning to end. Rejects when a program does not come up. */
export async function playStoryline(options: StorylineOptions): Promise<void> {
  const { site, say } = options;
  say("warm-up: users log in, shop in two tabs at once, log out");
  await sleep(WARM_UP_MS);
  say("rolling deploy: of each Tomcat in turn, to the shop's new version with changed classes");
  for (const place of site.places) {
    await deploy(options, place);
    await sleep(PAUSE_MS);
  }
  const [first, second] = site.places;
  if (first) await killTomcat(options, first);
  await sleep(PAUSE_MS);
  if (second) await killSidecar(options, second);
  await partAndHeal(options);
}

async function deploy({ site, tally, say }: StorylineOptions, place: Place): Promise<void> {
  const { tomcat, machine } = place;
  await site.haproxy.drain(machine);
  say(`  ${tomcat.name} is drained: it has no requests any more, and gets none`);
  place.isOut = true;
  const exit = await tomcat.daemon?.end("SIGTERM");
  if (exit?.code !== TERMINATED_CODE && exit?.code !== 0) {
    tally.badExits += 1;
    tally.note(`${tomcat.name} exited with ${exit?.signal ?? `code ${exit?.code}`} when deployed`);
  }
  await tomcat.deploy(site.webapps.v2);
  await site.startTomcat(place);
  await site.haproxy.restore(machine);
  tally.deploys += 1;
  say(`  ${tomcat.name} is a new process, ${tomcat.daemon?.pid}, with the new version`);
}

async function killTomcat(options: StorylineOptions, place: Place): Promise<void> {
  const { site, streets, tally, say } = options;
  const { tomcat } = place;
  const { daemon } = tomcat;
  if (!daemon) return;
  say(`kill -9 ${daemon.pid}: ${tomcat.name}`);
  place.isOut = true;
  await streets.whileKilled(tomcat.name, () => daemon.end("SIGKILL"));
  tally.kills += 1;
  await sleep(PAUSE_MS);
  await site.startTomcat(place);
  say(`  ${tomcat.name} is back as process ${tomcat.daemon?.pid}`);
}

async function killSidecar(options: StorylineOptions, place: Place): Promise<void> {
  const { site, streets, tally, say } = options;
  const { tomcat, sidecar } = place;
  const daemon = sidecar?.daemon;
  if (!sidecar || !daemon) return;
  say(`kill -9 ${daemon.pid}: ${sidecar.name}, under ${tomcat.name}, which goes on`);
  place.isOut = true;
  await streets.whileKilled(tomcat.name, () => daemon.end("SIGKILL"));
  tally.kills += 1;
  await sleep(PAUSE_MS);
  sidecar.start();
  await site.untilWell(place);
  await site.untilMet();
  say(`  ${sidecar.name} is back as process ${sidecar.daemon?.pid}`);
  await sleep(PAUSE_MS);
}

async function partAndHeal(options: StorylineOptions): Promise<void> {
  const { site, streets, tally, say, isEnoughApart } = options;
  const { machines } = site;
  if (!machines.areCutWhole && !site.places.some(({ sidecar }) => sidecar)) {
    return say("no cut: without root, only what sidecars say to one another can be cut");
  }
  say("a cut between the machines: each has its own door, and users go to one of the two");
  await streets.part();
  const startedAtMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedAtMs;
  const isEnough = (): boolean => elapsedMs() >= APART_MS.min && isEnoughApart();
  while (!isEnough() && elapsedMs() < APART_MS.max) await sleep(POLL_MS);
  await machines.heal();
  await site.untilMet();
  await streets.meet();
  tally.partitions += 1;
  say(`  healed; ${tally.writtenOnBothSides} sessions were written on both sides`);
  await sleep(PAUSE_MS);
}

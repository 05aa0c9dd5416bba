/**
 * Many streams, one after the other, until one fails; that one made short and said so that it can be
 * replayed.
 *
 * Not here: who starts the servers (differential.test.ts in CI, differential.ts by hand).
 */
import type { Difference } from "./differences.js";
import { shrink } from "./shrink.js";
import { streamOf } from "./streams.js";
import { compare, printFailure, type TwoServers } from "./two-servers.js";

/** How long one stream is. */
const STREAM_COMMANDS = 80;

/** What came of a campaign. */
export interface CampaignReport {
  readonly commands: number;
  readonly excused: ReadonlyMap<Difference, number>;
  /** What to read of the stream that failed; undefined where none did. */
  readonly failure?: string;
}

/** Sends at least `commands` commands, in streams of the seeds from `seed` on. */
export async function campaign(
  servers: TwoServers,
  { seed, commands }: { readonly seed: number; readonly commands: number },
): Promise<CampaignReport> {
  const excused = new Map<Difference, number>();
  let sent = 0;
  for (let next = seed; sent < commands; next++) {
    const steps = streamOf(next, STREAM_COMMANDS);
    const outcome = await compare(servers, steps);
    sent += outcome.commands;
    for (const [known, times] of outcome.excused)
      excused.set(known, (excused.get(known) ?? 0) + times);
    if (outcome.failure) return { commands: sent, excused, failure: await explain(servers, next) };
  }
  return { commands: sent, excused };
}

/** The stream of `seed`, as short as it fails. */
async function explain(servers: TwoServers, seed: number): Promise<string> {
  const steps = streamOf(seed, STREAM_COMMANDS);
  const short = await shrink(
    steps,
    async (some) => (await compare(servers, some)).failure !== undefined,
  );
  const { failure } = await compare(servers, short);
  const shown = failure ? printFailure(short, failure) : "it did not fail a second time";
  return [
    `the stream of seed ${seed} is answered otherwise by a sidecar than by Redis:`,
    shown,
    `replay   npx tsx test/interop/differential.ts --seed ${seed} --commands 1`,
    "or       npx tsx test/interop/differential.ts --replay FILE   with the lines above in FILE",
  ].join("\n");
}

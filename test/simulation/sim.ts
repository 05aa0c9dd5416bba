/**
 * `npm run sim`: runs seeds, replays one with its trace, plays scenarios, hunts canaries,
 * measures membership.
 *
 * Not here: the words it takes (arguments.ts), and each of those jobs (run-*.ts).
 */
import { UsageError, USAGE, type Wish, wishOf } from "./arguments.js";
import { huntAll } from "./run-canaries.js";
import { measureMembership } from "./run-membership.js";
import { playScenario, replay } from "./run-one.js";
import { runSeeds } from "./run-seeds.js";

/** Says whether all was well. */
async function grant(wish: Wish): Promise<boolean> {
  switch (wish.kind) {
    case "seeds":
      return runSeeds(wish);
    case "seed":
      return replay(wish);
    case "scenario":
      return playScenario(wish);
    case "canaries":
      return huntAll();
    case "membership":
      return measureMembership(wish.sizes);
    case "help":
      console.info(USAGE);
      return true;
  }
}

try {
  process.exitCode = (await grant(wishOf(process.argv.slice(2)))) ? 0 : 1;
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

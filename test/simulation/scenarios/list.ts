/** All scenarios, by what goes wrong in them. */
import { CLOCKS } from "./clocks.js";
import { DEPLOYS } from "./deploys.js";
import { DISKS } from "./disks.js";
import { LIFETIMES } from "./lifetimes.js";
import { PARTITIONS } from "./partitions.js";
import { QUEUES } from "./queues.js";
import type { Script } from "./script.js";
import { WRITES } from "./writes.js";

/** The scenarios by chapter. */
export const SCENARIOS: Readonly<Record<string, readonly Script[]>> = {
  Partitions: PARTITIONS,
  "Crashes and deploys": DEPLOYS,
  "Queues that overflow": QUEUES,
  Disks: DISKS,
  Clocks: CLOCKS,
  Lifetimes: LIFETIMES,
  "Writes at the same time": WRITES,
};

/**
 * Faults of nodes: crashes at any point, power that fails, pauses, and a name that is given twice.
 *
 * Not here: nodes that are told to go (deploy-faults.ts), and disks.
 */
import { type Fault, type Field, pickRun, revive, type Struck } from "./fault.js";
import type { NodeRun } from "../world/node-run.js";

/** A fault of one node that runs. */
function ofRun(
  name: string,
  strike: (field: Field, run: NodeRun) => Omit<Struck, "victims"> | undefined,
): Fault {
  return {
    name,
    strike: (field) => {
      const run = pickRun(field);
      const struck = run && strike(field, run);
      return run && struck && { victims: run.machine, ...struck };
    },
  };
}

/** Crashes while an input is half sent: after it was applied, before the world has heard of it. */
function crashWithin(field: Field, run: NodeRun): Omit<Struck, "victims"> {
  const { cluster, random } = field;
  const { machine } = run;
  run.crashAfter(random.range(0, 20), () => {
    cluster.crash(machine, { lossy: random.chance(0.5) });
    field.happened("crash-within");
    field.simulator.after(field.spellMs(), () => {
      if (field.isRunning()) revive(field, machine);
    });
  });
  return { undo: () => run.spare(), isCountedLater: true };
}

/** A second process with the name of one that runs: someone copied a configuration. */
function twin(field: Field, run: NodeRun): Omit<Struck, "victims"> | undefined {
  const { cluster } = field;
  const isFull = cluster.names.length >= field.bounds.nodesMax;
  if (isFull || cluster.isTwin(run.machine)) return undefined;
  const name = field.newName();
  cluster.add(name, {}, run.node);
  cluster.start(name);
  const undo = (): void => {
    if (!cluster.has(name)) return;
    cluster.crash(name);
    cluster.remove(name);
  };
  return { undo };
}

/** All machines lose their power at one moment. */
function powerCut(field: Field): Struck | undefined {
  const { cluster } = field;
  const { names } = cluster;
  if (cluster.runs().length < names.length) return undefined;
  for (const name of names) cluster.crash(name, { silent: true });
  return { victims: "all", undo: () => names.forEach((name) => revive(field, name)) };
}

/** The faults of nodes. */
export const NODE_FAULTS: readonly Fault[] = [
  ofRun("crash", (field, { machine }) => {
    field.cluster.crash(machine, { lossy: field.random.chance(0.5) });
    return { undo: () => revive(field, machine) };
  }),
  ofRun("power-loss", (field, { machine }) => {
    field.cluster.crash(machine, { silent: true });
    return { undo: () => revive(field, machine) };
  }),
  ofRun("crash-within", crashWithin),
  ofRun("pause", (field, run) => {
    field.cluster.pause(run.machine);
    const undo = (): void => {
      if (run.isAlive && run.isPaused) field.cluster.resume(run.machine);
    };
    return { undo, lastsMs: field.random.range(100, field.bounds.pauseMsMax) };
  }),
  ofRun("twin", twin),
  { name: "power-cut", isRare: true, strike: powerCut },
];

/**
 * Nodes that are told to go: one, all at once, or one after the other, drained or not, to another
 * version and back; and machines that come and go as load does.
 *
 * Not here: nodes that crash (node-faults.ts), and what another version says (next-version.ts).
 */
import type { Dialect } from "../world/dialect.js";
import { type Fault, type Field, pickRun, type Struck } from "./fault.js";
import { nextVersion } from "../next/next-version.js";
import type { NodeRun } from "../world/node-run.js";

/** How long a deploy waits for one node before it goes on with the next. */
const NODE_DEADLINE_MS = 20_000;

const POLL_MS = 200;

const downMsOf = ({ random }: Field): number => random.range(100, 3_000);

function deployOne(field: Field, isHasty: boolean): Struck | undefined {
  const name = pickRun(field)?.machine;
  if (name === undefined) return undefined;
  field.cluster.deploy(name, { downMs: downMsOf(field), isHasty });
  return { victims: name };
}

/** Replaces one node after the other, each as soon as the one before it serves again. */
function roll(field: Field, names: readonly string[], replace: (name: string) => void): void {
  const { cluster, simulator } = field;
  const [name, ...rest] = names;
  if (name === undefined) return;
  const runOn = (): NodeRun | undefined => (cluster.has(name) ? cluster.runOn(name) : undefined);
  const before = runOn();
  if (before && !before.isPaused && !before.isDraining) replace(name);
  const untilMs = simulator.nowMs + NODE_DEADLINE_MS;
  const wait = (): void => {
    if (!field.isRunning()) return;
    const run = runOn();
    const isBack = run !== before && run?.isServing === true;
    if (isBack || simulator.nowMs > untilMs) roll(field, rest, replace);
    else simulator.after(POLL_MS, wait);
  };
  wait();
}

/** A deploy of the whole cluster; it counts once the second node is replaced. */
function rolling(field: Field, how: { name: string; replace: (name: string) => void }): Struck {
  const names = field.random.shuffle(field.cluster.names);
  let replaced = 0;
  roll(field, names, (name) => {
    how.replace(name);
    replaced += 1;
    if (replaced === 2) field.happened(how.name);
  });
  return { victims: names.join(" "), isCountedLater: true };
}

/** All nodes at once, none of which can drain to another. */
function deployAll(field: Field): Struck | undefined {
  const { cluster } = field;
  const runs = cluster.runs().filter((run) => !run.isPaused && !run.isDraining);
  if (runs.length < 2) return undefined;
  for (const { machine } of runs) cluster.deploy(machine, { downMs: downMsOf(field) });
  return { victims: runs.map(({ machine }) => machine).join(" ") };
}

/** Installs a version on some of the machines, one after the other; drained, or not. */
function install(field: Field, name: string, dialect: Dialect | undefined): Struck | undefined {
  const { cluster, random } = field;
  const isOther = (machine: string): boolean => cluster.installed(machine) !== dialect;
  const names = random.shuffle(cluster.names.filter(isOther));
  if (names.length === 0) return undefined;
  const some = names.slice(0, random.range(1, names.length + 1));
  const replace = (machine: string): void => {
    cluster.install(machine, dialect);
    cluster.deploy(machine, { downMs: 300, isHasty: random.chance(0.2) });
    field.happened(name);
  };
  roll(field, some, replace);
  return { victims: some.join(" "), isCountedLater: true };
}

function scaleUp(field: Field): Struck | undefined {
  const { cluster, random, bounds } = field;
  if (cluster.names.length >= bounds.nodesMax) return undefined;
  const name = field.newName();
  cluster.add(name, { offsetMs: random.range(-bounds.jumpMsMax, bounds.jumpMsMax + 1) });
  cluster.start(name);
  return { victims: name };
}

/** Drains a node that does not come back; two stay, twins not counted. */
function scaleDown(field: Field): Struck | undefined {
  const { cluster } = field;
  const name = pickRun(field)?.machine;
  if (name === undefined || cluster.isTwin(name)) return undefined;
  const staying = cluster.names.filter(
    (each) => !cluster.isTwin(each) && cluster.runOn(each)?.isDraining !== true,
  );
  if (staying.length <= 2) return undefined;
  cluster.drain(name, () => {
    cluster.remove(name);
    field.happened("scale-down");
  });
  return { victims: name, isCountedLater: true };
}

/** Versions that differ from this one in what they say, and in how they compare. */
const NEXT = nextVersion();
const NEXT_DIGESTS = nextVersion({ digestVersion: 2 });

/** The faults of deploys. */
export const DEPLOY_FAULTS: readonly Fault[] = [
  { name: "deploy", strike: (field) => deployOne(field, false) },
  { name: "hasty-deploy", strike: (field) => deployOne(field, true) },
  {
    name: "rolling-deploy",
    strike: (field) =>
      rolling(field, {
        name: "rolling-deploy",
        replace: (name) => field.cluster.deploy(name, { downMs: downMsOf(field) }),
      }),
  },
  {
    name: "rolling-kill",
    strike: (field) =>
      rolling(field, {
        name: "rolling-kill",
        replace: (name) => {
          field.cluster.crash(name);
          field.simulator.after(downMsOf(field), () => {
            if (field.cluster.has(name) && !field.cluster.runOn(name)) field.cluster.start(name);
          });
        },
      }),
  },
  { name: "deploy-all", isRare: true, strike: deployAll },
  { name: "upgrade", strike: (field) => install(field, "upgrade", NEXT) },
  { name: "upgrade-digests", strike: (field) => install(field, "upgrade-digests", NEXT_DIGESTS) },
  { name: "downgrade", strike: (field) => install(field, "downgrade", undefined) },
  { name: "scale-up", strike: scaleUp },
  { name: "scale-down", strike: scaleDown },
];

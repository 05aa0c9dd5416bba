/**
 * Faults of paths: partitions of every shape, and paths that are slow.
 *
 * Not here: faults of single links (link-faults.ts).
 */
import type { Millis } from "@session-mesh/core";
import type { Fault, Field, Struck } from "./fault.js";

type Path = readonly [from: string, to: string];

const bothWays = (a: string, b: string): Path[] => [
  [a, b],
  [b, a],
];

/** All paths between two groups. */
function between(left: readonly string[], right: readonly string[]): Path[] {
  return left.flatMap((a) => right.flatMap((b) => bothWays(a, b)));
}

/** Whether something is open that a cut would close. */
function isFelt({ network }: Field, paths: readonly Path[]): boolean {
  return paths.some(([from, to]) => network.linksBetween(from, to).length > 0);
}

/** Cuts paths until the returned function is called. */
function cut({ network }: Field, paths: readonly Path[]): () => void {
  for (const [from, to] of paths) network.cut(from, to);
  return () => {
    for (const [from, to] of paths) network.mend(from, to);
  };
}

function partition(field: Field, paths: readonly Path[]): Struck | undefined {
  if (!isFelt(field, paths)) return undefined;
  return { victims: paths.map(([from, to]) => `${from}>${to}`).join(" "), undo: cut(field, paths) };
}

function halvesOf({ cluster, random }: Field): Path[] {
  const names = random.shuffle(cluster.names);
  const leftCount = random.range(1, Math.max(2, names.length));
  return between(names.slice(0, leftCount), names.slice(leftCount));
}

/** Every node reaches a majority, and no two the same: a circle in which only neighbours meet. */
function majoritiesOf({ cluster, random }: Field): Path[] {
  const circle = random.shuffle(cluster.names);
  const { length } = circle;
  const reach = Math.ceil(Math.floor(length / 2) / 2);
  return circle.flatMap((a, i) =>
    circle.flatMap((b, j): Path[] => {
      const distance = Math.min((j - i + length) % length, (i - j + length) % length);
      return distance > reach ? [[a, b]] : [];
    }),
  );
}

function bridgeOf({ cluster, random }: Field): Path[] {
  const [, ...names] = random.shuffle(cluster.names);
  const half = names.length >> 1;
  return between(names.slice(0, half), names.slice(half));
}

function pairOf({ cluster, random }: Field): Path {
  const [a = "", b = ""] = random.shuffle(cluster.names);
  return [a, b];
}

/** Cuts and mends the same paths again and again, and counts from the third cut on. */
function flap(field: Field, paths: readonly Path[]): Struck | undefined {
  if (!isFelt(field, paths)) return undefined;
  const { random, simulator } = field;
  let mend: (() => void) | undefined;
  let cuts = 0;
  let isOver = false;
  const turn = (): void => {
    if (isOver) return;
    if (mend) mend();
    mend = mend ? undefined : cut(field, paths);
    cuts += Number(mend !== undefined);
    if (cuts === 3 && mend) field.happened("flapping");
    simulator.after(random.range(50, 700), turn);
  };
  turn();
  const undo = (): void => {
    isOver = true;
    mend?.();
  };
  return { victims: `${paths.length} paths`, undo, isCountedLater: true };
}

/** Longer than it takes until the other side is given up for gone. */
function longPartition(field: Field): Struck | undefined {
  const { simulator, cluster, random } = field;
  const { suspicionMs, goneAfterMs } = cluster.limits;
  const neededMs: Millis = suspicionMs + goneAfterMs;
  const lastsMs: Millis = neededMs + random.range(200, 2_000);
  const paths = halvesOf(field);
  if (lastsMs > 60_000 || !isFelt(field, paths)) return undefined;
  const mend = cut(field, paths);
  const sinceMs = simulator.nowMs;
  const undo = (): void => {
    mend();
    if (simulator.nowMs - sinceMs >= neededMs) field.happened("long-partition");
  };
  return { victims: `${paths.length} paths`, undo, lastsMs, isCountedLater: true };
}

/** Gives the paths between two machines another speed. */
function slow(field: Field, speed: { latencyMs: Millis; jitterMs: Millis; bytesPerMs: number }) {
  const paths = bothWays(...pairOf(field));
  if (!isFelt(field, paths)) return undefined;
  const undos = paths.map(([from, to]) => field.network.paths.setSpeed(from, to, speed));
  return { victims: paths[0]?.join(" ") ?? "", undo: () => undos.forEach((undo) => undo()) };
}

/** The faults of paths. */
export const NETWORK_FAULTS: readonly Fault[] = [
  { name: "halves", strike: (field) => partition(field, halvesOf(field)) },
  {
    name: "isolation",
    strike: (field) => {
      const [alone = "", ...others] = field.random.shuffle(field.cluster.names);
      return partition(field, between([alone], others));
    },
  },
  { name: "majorities", strike: (field) => partition(field, majoritiesOf(field)) },
  {
    name: "bridge",
    strike: (field) =>
      field.cluster.names.length < 4 ? undefined : partition(field, bridgeOf(field)),
  },
  {
    name: "hole",
    strike: (field) =>
      field.cluster.names.length < 3 ? undefined : partition(field, bothWays(...pairOf(field))),
  },
  { name: "one-way", strike: (field) => partition(field, [pairOf(field)]) },
  {
    name: "flapping",
    strike: (field) =>
      flap(field, field.random.chance(0.5) ? halvesOf(field) : bothWays(...pairOf(field))),
  },
  { name: "long-partition", strike: longPartition },
  {
    name: "slow-link",
    strike: (field) =>
      slow(field, {
        latencyMs: field.random.range(5, 200),
        jitterMs: 20,
        bytesPerMs: field.random.range(1, 30),
      }),
  },
  {
    name: "jitter",
    strike: (field) => slow(field, { latencyMs: 0, jitterMs: 500, bytesPerMs: 10_000 }),
  },
  {
    name: "slowness",
    strike: ({ network }) => {
      const before = network.options;
      if (before.latencyMs >= 200) return undefined;
      network.options = { ...before, latencyMs: 200, jitterMs: 300, bytesPerMs: 20 };
      return { victims: "all", undo: () => (network.options = before) };
    },
  },
];

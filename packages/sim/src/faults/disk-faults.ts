/**
 * Faults of disks: slow, full, torn, empty, or those of yesterday. What a disk loses at a crash it
 * loses at every crash (disk.ts).
 *
 * Not here: crashes that leave the disk as it is (node-faults.ts).
 */
import type { Disk } from "../world/disk.js";
import { type Fault, type Field, pickRun, revive, type Struck } from "./fault.js";

/** A fault of the disk beneath a node that runs. */
function ofDisk(
  name: string,
  strike: (field: Field, machine: string, disk: Disk) => Omit<Struck, "victims"> | undefined,
): Fault {
  return {
    name,
    strike: (field) => {
      const machine = pickRun(field)?.machine;
      const disk = machine === undefined ? undefined : field.cluster.diskOf(machine);
      if (machine === undefined || !disk) return undefined;
      const struck = strike(field, machine, disk);
      return struck && { victims: machine, ...struck };
    },
  };
}

/** The machine stands still, and comes back to a disk that someone has laid hands on. */
function crashAnd(
  field: Field,
  { machine, disk }: { machine: string; disk: Disk },
  spoil: () => void,
): Omit<Struck, "victims"> {
  field.cluster.crash(machine, { silent: field.random.chance(0.5) });
  spoil();
  field.spoiled(disk);
  return { undo: () => revive(field, machine) };
}

/** The disk is taken back to what it was a while ago: someone has restored a snapshot. */
function goBack(field: Field, machine: string, disk: Disk): Omit<Struck, "victims"> | undefined {
  if (disk.recordCount === 0) return undefined;
  const image = disk.image();
  field.simulator.after(field.spellMs(), () => {
    const { cluster } = field;
    if (!field.isRunning() || !cluster.has(machine) || !cluster.runOn(machine)) return;
    const { undo } = crashAnd(field, { machine, disk }, () => disk.replace(image));
    field.happened("old-disk");
    field.simulator.after(field.random.range(100, 2_000), () => field.isRunning() && undo?.());
  });
  return { isCountedLater: true };
}

/** The faults of disks. */
export const DISK_FAULTS: readonly Fault[] = [
  ofDisk("slow-disk", (field, _machine, disk) => {
    const before = disk.options;
    if (before.latencyMs >= 300) return undefined;
    disk.options = { ...before, latencyMs: 300, jitterMs: 300 };
    return { undo: () => (disk.options = before) };
  }),
  ofDisk("full-disk", (_field, _machine, disk) => {
    if (disk.problem !== undefined) return undefined;
    disk.problem = "no space left on device";
    return { undo: () => (disk.problem = undefined) };
  }),
  ofDisk("torn-disk", (field, machine, disk) =>
    disk.recordCount === 0 ? undefined : crashAnd(field, { machine, disk }, () => disk.tear(0.5)),
  ),
  ofDisk("empty-disk", (field, machine, disk) =>
    disk.recordCount === 0
      ? undefined
      : crashAnd(field, { machine, disk }, () => disk.replace(new Map())),
  ),
  ofDisk("old-disk", goBack),
];

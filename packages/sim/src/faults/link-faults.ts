/**
 * Faults of single links: resets, ends that do not know of one another, and damaged frames.
 *
 * With a seal a damaged frame reaches no replica: the shell that finds it ends the link. Without one
 * a frame that was broken off is the replica's to refuse.
 *
 * Not here: faults of paths (network-faults.ts).
 */
import type { Fault, Field, Struck } from "./fault.js";
import type { LinkEnd, Parcel } from "../world/link-end.js";

/** The number on the wire of the message by which pushes are acknowledged. */
const ACK_CODE = 8;

/** One end of a random open link. */
function pickEnd({ cluster, network, random }: Field): LinkEnd | undefined {
  const ends = cluster.runs().flatMap((run) => network.endsOf(run));
  const open = ends.filter((end) => !end.isClosing && !end.peer.isClosing);
  return open.length > 0 ? random.pick(open) : undefined;
}

const victimsOf = ({ owner, peer }: LinkEnd): string => `${owner.machine} ${peer.owner.machine}`;

/** A fault of one link. */
function ofLink(
  name: string,
  strike: (field: Field, end: LinkEnd) => Omit<Struck, "victims"> | undefined,
): Fault {
  return {
    name,
    strike: (field) => {
      const end = pickEnd(field);
      const struck = end && strike(field, end);
      return end && struck && { victims: victimsOf(end), ...struck };
    },
  };
}

/** Damages the next frame that is sent from `end`, and counts when it is. */
function damage(field: Field, end: LinkEnd, how: { name: string; spoil: Spoil }): Partial<Struck> {
  end.spoilNext = (frame) => {
    field.happened(how.name);
    return how.spoil(frame);
  };
  return { isCountedLater: true };
}

type Spoil = (frame: Uint8Array) => Parcel;

const unfit: Spoil = () => ({ kind: "broken", reason: "a frame that its seal does not fit" });

const oversized: Spoil = () => ({ kind: "broken", reason: "Max payload size exceeded" });

const brokenOff: Spoil = (frame) => ({ kind: "frame", frame: frame.slice(0, frame.length >> 1) });

/** How long an acknowledgement is waited for that is to be lost. */
const ACK_WAIT_MS = 1_000;

/**
 * What one end sends arrives, its acknowledgement does not, and then the link is reset: everything is
 * sent again.
 */
function resetUnheard(field: Field, end: LinkEnd): Partial<Struck> {
  const { network, simulator } = field;
  network.stall(end.peer, true);
  const untilMs = simulator.nowMs + ACK_WAIT_MS;
  const wait = (): void => {
    const isOver = !field.isRunning() || end.isClosing || end.peer.isClosing;
    const isAcked = end.peer.frames.some((frame) => frame[1] === ACK_CODE);
    if (isOver || simulator.nowMs > untilMs) network.stall(end.peer, false);
    else if (!isAcked) simulator.after(5, wait);
    else {
      network.flush(end);
      field.happened("unheard-reset");
      for (const each of [end, end.peer]) network.breakOff(each, "connection reset");
    }
  };
  simulator.after(5, wait);
  return { isCountedLater: true };
}

/** Resets all links of a cluster, several times in a row. */
function storm(field: Field): Struck | undefined {
  const { cluster, network, random, simulator } = field;
  const waves = random.range(2, 7);
  let resets = 0;
  const wave = (left: number): void => {
    if (!field.isRunning() || left === 0) return;
    const { names } = cluster;
    for (const a of names) for (const b of names) if (a < b) resets += network.reset(a, b);
    if (left === 1 && resets >= names.length) field.happened("reconnect-storm");
    simulator.after(random.range(20, 600), () => wave(left - 1));
  };
  wave(waves);
  return { victims: `all, ${waves} times`, isCountedLater: true };
}

/** The faults of links. */
export const LINK_FAULTS: readonly Fault[] = [
  ofLink("reset", ({ network }, { owner, peer }) =>
    network.reset(owner.machine, peer.owner.machine) > 0 ? {} : undefined,
  ),
  ofLink("unheard-reset", resetUnheard),
  { name: "reconnect-storm", strike: storm },
  ofLink("half-open", ({ network }, end) => {
    network.breakOff(end, "timed out");
    return {};
  }),
  ofLink("stall", ({ network }, end) => {
    for (const each of [end, end.peer]) network.stall(each, true);
    return { undo: () => [end, end.peer].forEach((each) => network.stall(each, false)) };
  }),
  ofLink("corruption", (field, end) =>
    field.bounds.isSealed ? damage(field, end, { name: "corruption", spoil: unfit }) : undefined,
  ),
  ofLink("truncation", (field, end) => {
    const spoil = field.bounds.isSealed ? unfit : brokenOff;
    return damage(field, end, { name: "truncation", spoil });
  }),
  ofLink("oversize", (field, end) => damage(field, end, { name: "oversize", spoil: oversized })),
];

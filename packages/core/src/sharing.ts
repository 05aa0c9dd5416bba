/**
 * Which revisions of a session some member may lack: what a user takes along as a token, for he may
 * land there next (P5).
 *
 * A member holds an own revision when it has acknowledged it, and everything that it wrote itself.
 * What other writers pushed to it cannot be seen from here; it counts as held once it was here for
 * some audits' time and the member was linked meanwhile, since every node audits in that time.
 *
 * Not here: waiting for what is lacking (antientropy/freshness.ts).
 */
import type { Millis, NodeId, WriterId } from "./ids.js";
import type { VersionVector } from "./session-state.js";
import type { HeldSession } from "./session/held.js";

/** What every node has made up for after this many of its own periodic audits. */
const AUDITS_TO_SETTLE = 6;

/** What sharing needs of its replica. */
export interface SharingPort {
  readonly writer: WriterId;
  readonly auditIntervalMs: Millis;
  elapsedMs(): Millis;
  /** Members neither left nor gone; undefined while this node does not know them. */
  expectedMembers(): readonly NodeId[] | undefined;
  isTrusted(member: NodeId): boolean;
  writerOf(member: NodeId): WriterId | undefined;
  /** Whether sessions were taken back from the disk, with writes that may be half spread. */
  hasRestored(): boolean;
  /** Whether any member, in whatever state, is the process of that writer. */
  hasMet(writer: WriterId): boolean;
  /** Whether `member` has confirmed this node's change of that number. */
  hasConfirmed(member: NodeId, seq: number): boolean;
}

/** What some member may lack. */
export interface Unshared {
  readonly revisions: VersionVector;
  /** The writer that this node is. */
  readonly writer: WriterId;
  /** The last own change to the session, whose acknowledgement by all makes the own revision shared. */
  readonly seq: number;
  /** A member that may lack something is doubted or cannot be reached now. */
  readonly isCut: boolean;
}

interface LinkTime {
  readonly upAtMs: Millis;
  downAtMs: Millis | undefined;
}

/** Decides who may lack what. */
export class Sharing {
  readonly #port: SharingPort;
  readonly #links = new Map<NodeId, LinkTime>();
  /** Writers of processes that were replaced, and when: their last writes may be half spread. */
  readonly #formerWriters = new Map<WriterId, Millis>();

  constructor(port: SharingPort) {
    this.#port = port;
  }

  /** A link to `member` came up. */
  linked(member: NodeId): void {
    this.#links.set(member, { upAtMs: this.#port.elapsedMs(), downAtMs: undefined });
  }

  unlinked(member: NodeId): void {
    const times = this.#links.get(member);
    if (times) times.downAtMs = this.#port.elapsedMs();
  }

  /** The member is another process now, or is remembered no more. */
  replaced(member: NodeId, former: WriterId): void {
    const nowMs = this.#port.elapsedMs();
    this.#links.delete(member);
    this.#formerWriters.set(former, nowMs);
    for (const [writer, atMs] of this.#formerWriters) {
      if (nowMs - atMs > this.#settlingMs) this.#formerWriters.delete(writer);
    }
  }

  /** Which of `revisions` some member may lack; all of them as long as no member is known. */
  unshared(held: HeldSession | undefined, revisions: VersionVector): Unshared {
    const own = { writer: this.#port.writer, seq: held?.pushedSeq ?? 0 };
    if (!held) return { revisions: [], ...own, isCut: false };
    const members = this.#port.expectedMembers();
    if (!members) return { revisions, ...own, isCut: true };
    const lacking: number[] = [];
    let isCut = false;
    for (let i = 0; i < revisions.length; i += 2) {
      const writer = revisions[i] as WriterId;
      const lackers = this.#lackers(held, writer, members);
      if (lackers.length === 0) continue;
      lacking.push(writer, revisions[i + 1] as number);
      isCut ||= !lackers.every((member) => this.#port.isTrusted(member));
    }
    return { revisions: lacking, ...own, isCut };
  }

  get #settlingMs(): Millis {
    return AUDITS_TO_SETTLE * this.#port.auditIntervalMs;
  }

  #lackers(held: HeldSession, writer: WriterId, members: readonly NodeId[]): readonly NodeId[] {
    if (writer === this.#port.writer) {
      return members.filter((member) => {
        const isAcked = this.#port.hasConfirmed(member, held.pushedSeq);
        return !isAcked && !this.#isSettled(member, held.changedAtMs);
      });
    }
    const author = members.find((member) => this.#port.writerOf(member) === writer);
    // Whoever wrote before anyone here can remember has been followed and audited long since.
    const isRecent =
      this.#port.hasMet(writer) || this.#formerWriters.has(writer) || this.#port.hasRestored();
    if (author === undefined && !isRecent) return [];
    return members.filter((member) => {
      return member !== author && !this.#isSettled(member, held.heardAtMs);
    });
  }

  /** Whether `member` was linked for long enough since `sinceMs` to have made up for anything. */
  #isSettled(member: NodeId, sinceMs: Millis): boolean {
    const times = this.#links.get(member);
    if (!times) return false;
    const untilMs = times.downAtMs ?? this.#port.elapsedMs();
    return untilMs - Math.max(times.upAtMs, sinceMs) >= this.#settlingMs;
  }
}

/**
 * What was acknowledged to whom: every write whose acknowledgement reached its user, and which runs
 * of nodes were known to hold it then. A write is owed as long as one of them lives, for nothing in
 * memory survives a crash (P1), or a run lives that came back on a disk where it was durable (P10).
 *
 * Who holds a write is known by watching acknowledgements leave: a node that has said so, holds it,
 * whether or not the message arrives.
 *
 * Not here: whether what is owed is there (checkers.ts).
 */
import { decodeFrame, type Millis, type SessionId } from "@session-mesh/core";
import type { Times } from "./lifetimes.js";
import type { Network } from "../world/network.js";
import type { NodePort } from "../users/node-port.js";
import type { NodeRun } from "../world/node-run.js";

/** What a write should have left behind in the session. */
export type Trace =
  | { readonly kind: "mark"; readonly name: string }
  | { readonly kind: "push"; readonly value: string }
  | { readonly kind: "increment"; readonly by: number }
  | { readonly kind: "touch" }
  /** What a newer version wrote, which no reader of this one shows. */
  | { readonly kind: "unknown"; readonly mark: string; readonly number: number };

/** An acknowledged write. */
export interface Write {
  readonly trace: Trace;
  /** When it was made, by the clock of its node: every write is a touch. */
  readonly markedMs: Millis;
  readonly holders: Set<NodePort>;
}

/** Everything known of one session. */
export interface SessionRecord {
  readonly session: SessionId;
  readonly times: Times;
  readonly writes: Write[];
  /** All increments that any node committed, acknowledged or not: no counter may exceed them. */
  incrementsTried: number;
  /** Someone asked for its end; whatever was written may die with it. */
  isDestroyTried: boolean;
  /** How many nodes ended it, each by itself. */
  endCount: number;
  /** Who is known to know that it was destroyed. */
  readonly destroyedOn: Set<NodePort>;
  /** Who held an acknowledged destruction. */
  readonly destroyHolders: Set<NodePort>;
  /** When it was regenerated under another id, by the clocks of the nodes that did it. */
  readonly regenerations: Regeneration[];
}

/** An end that says that its session lives on under another id (M13). */
export interface Regeneration {
  readonly atMs: Millis;
  /** Who is known to hold it; nobody before it is acknowledged. */
  holders: ReadonlySet<NodePort>;
}

const ACK_CODES: ReadonlySet<number | undefined> = new Set([2, 4, 8]);

/** Changes above `from` up to `to`. */
interface Skipped {
  readonly from: number;
  readonly to: number;
}

const PUSH_CODE = 7;

/** Longer ones carry something. */
const EMPTY_PUSH_BYTES_MAX = 40;

/** The ledger. */
export class Ledger {
  readonly #records = new Map<SessionId, SessionRecord>();
  /** By origin, then by acker: how far it has said that it holds the origin's changes. */
  readonly #said = new Map<NodePort, Map<NodePort, number>>();
  /** By origin, then by acker: changes for which nothing was sent. */
  readonly #skipped = new Map<NodePort, Map<NodePort, Skipped[]>>();
  /** By who holds something: the disks on which it was durable when it was acknowledged. */
  readonly #disks = new Map<Set<NodePort>, Set<object>>();
  /** Hears of every acknowledgement that leaves. */
  onSaid: ((origin: NodePort, acker: NodePort, seq: number) => void) | undefined;
  /** Disks that were lost at some time. */
  readonly #lost = new Set<object>();
  #ackedCount = 0;
  #seesFrames = false;
  #degradedCount = 0;

  /** Watches acknowledgements leave. */
  watch(network: Network): void {
    this.#seesFrames = true;
    network.onSend = (from, to, frame) => this.sent(from as NodeRun, to as NodeRun, frame);
  }

  /** A frame leaves `from` for `to`: whoever acknowledges something in it, holds that. */
  sent(from: NodePort, to: NodePort, frame: Uint8Array): void {
    if (frame[1] === PUSH_CODE) this.#watchPush(from, to, frame);
    if (!ACK_CODES.has(frame[1])) return;
    const message = decodeFrame(frame);
    const seq =
      message.type === "ack"
        ? message.seq
        : message.type === "heartbeat" || message.type === "resume"
          ? message.haveSeq
          : 0;
    // What a node says that is about to leave is no promise to anyone.
    if (seq > 0 && !from.isDraining) this.#hear(to, from, seq);
  }

  get ackedCount(): number {
    return this.#ackedCount;
  }

  /** Whether it sees what is sent, and so which confirmation is of something that was left out. */
  get seesFrames(): boolean {
    return this.#seesFrames;
  }

  get degradedCount(): number {
    return this.#degradedCount;
  }

  records(): Iterable<SessionRecord> {
    return this.#records.values();
  }

  record(session: SessionId): SessionRecord | undefined {
    return this.#records.get(session);
  }

  /** A session is about to be created. */
  open(session: SessionId, times: Times): SessionRecord {
    const record: SessionRecord = {
      session,
      times,
      writes: [],
      incrementsTried: 0,
      isDestroyTried: false,
      endCount: 0,
      destroyedOn: new Set(),
      destroyHolders: new Set(),
      regenerations: [],
    };
    this.#records.set(session, record);
    return record;
  }

  /** The acknowledgement of a write reached its user. */
  acknowledged(record: SessionRecord, write: Omit<Write, "holders">, by: Settlement): void {
    this.#ackedCount += 1;
    if (by.isDegraded) this.#degradedCount += 1;
    const holders = this.holders(by);
    this.#disks.set(holders, this.#durableOn(holders, by));
    record.writes.push({ ...write, holders });
  }

  /** The acknowledgement of a destruction reached its user. */
  destroyed(record: SessionRecord, by: Settlement): void {
    const holders = this.holders(by);
    const known = this.#disks.get(record.destroyHolders) ?? [];
    const disks = new Set([...known, ...this.#durableOn(holders, by)]);
    this.#disks.set(record.destroyHolders, disks);
    for (const holder of holders) record.destroyHolders.add(holder);
  }

  /** A run began on what was on its disk. */
  restored(run: NodePort): void {
    const { disk } = run;
    if (!disk) return;
    for (const [holders, disks] of this.#disks) if (disks.has(disk)) holders.add(run);
  }

  /** A disk is not any more what it was: nothing is owed that was only on it. */
  diskLost(disk: object): void {
    this.#lost.add(disk);
    for (const disks of this.#disks.values()) disks.delete(disk);
  }

  /** A drain was confirmed: what `run` held, `peers` hold. */
  handedOver(run: NodePort, peers: readonly NodePort[]): void {
    for (const record of this.#records.values()) {
      const all = [...record.writes.map((write) => write.holders), record.destroyHolders];
      for (const holders of all) {
        if (holders.has(run)) for (const peer of peers) holders.add(peer);
      }
    }
  }

  /** Who is known to hold the change `seq` of `origin`. */
  holders({ origin, seq }: Pick<Settlement, "origin" | "seq">): Set<NodePort> {
    const sayers = this.sayers({ origin, seq });
    return new Set([origin, ...sayers.filter((run) => !this.wasSkipped(origin, run, seq))]);
  }

  /** Who has said that it follows `origin` beyond the change `seq`. */
  sayers({ origin, seq }: Pick<Settlement, "origin" | "seq">): NodePort[] {
    const said = [...(this.#said.get(origin) ?? [])];
    return said.flatMap(([run, saidSeq]) => (saidSeq >= seq ? [run] : []));
  }

  /**
   * Whether `acker` got nothing for this change of `origin`: it has it from a later one, or it is left
   * to an audit, and then no word of the acker confirms it.
   */
  wasSkipped(origin: NodePort, acker: NodePort, seq: number): boolean {
    const skipped = this.#skipped.get(origin)?.get(acker) ?? [];
    return skipped.some(({ from, to }) => seq > from && seq <= to);
  }

  #watchPush(origin: NodePort, acker: NodePort, frame: Uint8Array): void {
    if (frame.length > EMPTY_PUSH_BYTES_MAX) return;
    const push = decodeFrame(frame);
    if (push.type !== "push" || push.items.length > 0) return;
    const byAcker = this.#skipped.get(origin) ?? new Map<NodePort, Skipped[]>();
    const skipped = { from: push.fromSeqExclusive, to: push.toSeqInclusive };
    byAcker.set(acker, [...(byAcker.get(acker) ?? []), skipped]);
    this.#skipped.set(origin, byAcker);
  }

  /** An acker says so only when it is durable there; the origin's own share can be looked up. */
  #durableOn(holders: ReadonlySet<NodePort>, { origin, seq }: Settlement): Set<object> {
    const disks = new Set<object>();
    for (const run of holders) {
      const isDurable = run.config.durability === "disk";
      const isStored = isDurable && (run !== origin || run.replica.isStored(seq));
      // Who is dead by now may have said so of the disk that was lost since.
      const isLost = !run.isAlive && run.disk !== undefined && this.#lost.has(run.disk);
      if (run.disk && isStored && !isLost) disks.add(run.disk);
    }
    return disks;
  }

  #hear(origin: NodePort, acker: NodePort, seq: number): void {
    const said = this.#said.get(origin) ?? new Map<NodePort, number>();
    said.set(acker, Math.max(seq, said.get(acker) ?? 0));
    this.#said.set(origin, said);
    this.onSaid?.(origin, acker, seq);
  }
}

/** How an acknowledgement came about. */
export interface Settlement {
  readonly origin: NodePort;
  readonly seq: number;
  readonly isDegraded: boolean;
}

/** Whether one of them lives. */
export function isHeld(holders: ReadonlySet<NodePort>): boolean {
  return [...holders].some((run) => run.isAlive);
}

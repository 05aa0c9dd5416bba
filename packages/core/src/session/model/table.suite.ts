/**
 * A table of sessions as a replica has it, with the sums kept beside it. For tests only.
 *
 * Not here: links and clocks; a test hands over items and moves the time itself.
 */
import { PartitionSums } from "../../antientropy/partition-sums.js";
import { DEFAULT_LIMITS, type Limits } from "../../config.js";
import type { EventBody } from "../../events.js";
import { HLC_ZERO, type Hlc, hlcAfter } from "../../hlc.js";
import { type Millis, PARTITION_COUNT, type SessionId, type WriterId } from "../../ids.js";
import type { DeltaItem, Item, TombstoneItem } from "../../session-state.js";
import { diff } from "../document.js";
import { createEnvelope } from "../envelope.js";
import { SessionDigester } from "../fingerprint.js";
import { SessionTable } from "../table.js";

/** When tests begin. */
export const START_MS = 1_800_000_000_000;

const BYTES_MAX = { bytesMax: 10_000_000 };

/** The `n`th session id; ids of near numbers lie in different partitions. */
export function sessionId(n: number): SessionId {
  const first = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".charAt(n % 64);
  return `${first}${String(n).padStart(21, "0")}` as SessionId;
}

/** One node's sessions. */
export class TableNode {
  readonly writer: WriterId;
  readonly limits: Limits;
  readonly sums = new PartitionSums();
  readonly digester = new SessionDigester([7, 9]);
  readonly events: EventBody[] = [];
  readonly table: SessionTable;
  nowMs: Millis = START_MS;
  #hlc: Hlc = HLC_ZERO;

  constructor(writer: number, limits: Partial<Limits> = {}) {
    this.writer = writer as WriterId;
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.table = new SessionTable({
      limits: this.limits,
      digester: this.digester,
      elapsedMs: () => this.nowMs - START_MS,
      emit: (event) => this.events.push(event),
      digestChanged: (session, before, after) => this.sums.change(session, before, after),
    });
  }

  /** Changes a session as a request does, creating it if need be. */
  write(
    session: SessionId,
    change: (value: Record<string, unknown>) => void,
    options: { idleMs?: Millis; absoluteMs?: Millis } = {},
  ): DeltaItem {
    const known = this.table.get(session);
    const held = known ?? this.#create(session, options);
    const { value, base } = this.table.use(held).document().read();
    change(value as Record<string, unknown>);
    const hlc = hlcAfter(this.nowMs, this.#hlc, held.hlcMax);
    this.#hlc = hlc;
    return this.table.commit(held, {
      operations: diff(base, value, BYTES_MAX),
      idleMs: known ? options.idleMs : undefined,
      nowMs: this.nowMs,
      stamp: { hlc, writer: this.writer },
    });
  }

  /** Destroys a session, held here or not. */
  destroy(session: SessionId, regeneratedAtMs: Millis = 0): TombstoneItem {
    const held = this.table.get(session);
    const absoluteExpiresAtMs =
      held?.envelope.absoluteExpiresAtMs ?? this.nowMs + this.limits.absoluteMs;
    this.table.destroy(session, { absoluteExpiresAtMs, regeneratedAtMs });
    return { kind: "tombstone", session, absoluteExpiresAtMs, regeneratedAtMs };
  }

  /** Takes in what another node says. */
  integrate(item: Item): string {
    if (item.kind === "tombstone") {
      return this.table.destroy(item.session, item) ? "applied" : "known";
    }
    return (item.kind === "delta" ? this.table.mergeDelta(item) : this.table.mergeState(item))
      .verdict;
  }

  /** Takes in all that `other` holds. */
  syncFrom(other: TableNode): void {
    for (let partition = 0; partition < PARTITION_COUNT; partition++) {
      for (const { session } of other.table.elementsOf(partition)) {
        const item = other.table.toItem(session);
        if (item) this.integrate(item);
      }
    }
  }

  /** What a user sees of a session. */
  read(session: SessionId): unknown {
    if (this.table.tombstone(session)) return "destroyed";
    return this.table.get(session)?.document().read().value;
  }

  /** The sums made afresh from everything held. */
  freshSums(): PartitionSums {
    const sums = new PartitionSums();
    for (let partition = 0; partition < PARTITION_COUNT; partition++) {
      for (const { session, digest } of this.table.elementsOf(partition)) {
        sums.change(session, undefined, digest);
      }
    }
    return sums;
  }

  #create(
    session: SessionId,
    { idleMs = this.limits.idleMs, absoluteMs = this.limits.absoluteMs },
  ): ReturnType<SessionTable["create"]> {
    this.#hlc = hlcAfter(this.nowMs, this.#hlc);
    const stamp = { hlc: this.#hlc, writer: this.writer };
    return this.table.create(
      session,
      createEnvelope({ nowMs: this.nowMs, idleMs, absoluteMs, stamp }),
    );
  }
}

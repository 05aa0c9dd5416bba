/**
 * Taking in what peers say about sessions: too far ahead is refused, dead stays dead, the rest is
 * merged, and every step is told.
 *
 * Not here: how copies merge (session/table.ts), and who asked for them.
 */
import type { Limits } from "./config.js";
import type { EventBody } from "./events.js";
import { HLC_ZERO, type Hlc, hlcToMillis } from "./hlc.js";
import type { Millis, NodeId, SessionId } from "./ids.js";
import { joinEnvelopes } from "./session/envelope.js";
import type { SessionDigester } from "./session/fingerprint.js";
import { envelopeHlcMax } from "./session/envelope.js";
import { lifetimeAt } from "./session/expiry.js";
import type { SessionTable } from "./session/table.js";
import type { Item, StateItem } from "./session-state.js";

/** By which way an item came. */
export type IntegrationPath = "push" | "catch-up" | "audit" | "pull" | "join";

/** What became of an item. */
export type IntegrationVerdict = "ok" | "gap" | "refused";

/** What integrating needs of its replica. */
export interface IntegratorPort {
  readonly limits: Limits;
  readonly table: SessionTable;
  readonly digester: SessionDigester;
  wallMs(): Millis;
  meshMs(): Millis;
  emit(event: EventBody): void;
  /** A peer's clock was seen and is close enough to follow. */
  sawClock(hlc: Hlc): void;
  /** The peer's clock is so far ahead that nothing of it is taken. */
  refuseClock(peer: NodeId, detail: string): void;
  /** The peer writes to a session that was destroyed: it must hear so. */
  tellDestroyed(peer: NodeId, item: Item): void;
  /** Whatever was of use of an item of this session is held now. */
  integrated(session: SessionId): void;
}

/** Merges items of peers into the table. */
export class Integrator {
  readonly #port: IntegratorPort;

  constructor(port: IntegratorPort) {
    this.#port = port;
  }

  integrate(peer: NodeId, item: Item, path: IntegrationPath): IntegrationVerdict {
    const verdict = this.#take(peer, item, path);
    this.#port.integrated(item.session);
    return verdict;
  }

  #take(peer: NodeId, item: Item, path: IntegrationPath): IntegrationVerdict {
    if (item.kind === "tombstone") {
      const { session } = item;
      const isNews = this.#port.table.destroy(session, item);
      const law = item.regeneratedAtMs > 0 ? "M13" : "M9";
      if (isNews) this.#port.emit({ type: "session-destroyed", session, origin: peer, law });
      return "ok";
    }
    const hlc = hlcOf(item);
    if (this.#isTooFarAhead(peer, item, hlc)) return "refused";
    this.#port.sawClock(hlc);
    if (this.#port.table.tombstone(item.session)) {
      this.#port.tellDestroyed(peer, item);
      return "ok";
    }
    if (item.kind === "state" && this.#isOver(item.envelope)) return "ok";
    if (item.kind === "state" && path !== "audit" && this.#isHeld(item)) return "ok";
    return this.#merge(peer, item, path);
  }

  #merge(
    peer: NodeId,
    item: Exclude<Item, { kind: "tombstone" }>,
    path: IntegrationPath,
  ): IntegrationVerdict {
    const { table, digester } = this.#port;
    const { session } = item;
    const { verdict, merges } =
      item.kind === "delta" ? table.mergeDelta(item) : table.mergeState(item);
    if (verdict === "gap") return "gap";
    if (verdict === "rejected") {
      const reason = `a malformed ${item.kind}`;
      this.#port.emit({ type: "update-refused", peer, session, reason });
      return item.kind === "delta" ? "gap" : "ok";
    }
    for (const { law, key, winner, loser } of merges) {
      const pathHash = digester.ofPath(session, key);
      this.#port.emit({ type: "merged", session, law, pathHash, winner, loser });
    }
    if (verdict === "applied") {
      const madeAtMs =
        item.kind === "delta" && item.commit ? hlcToMillis(item.commit.hlc) : this.#port.wallMs();
      const lagMs = Math.max(0, this.#port.wallMs() - madeAtMs);
      this.#port.emit({ type: "session-integrated", session, origin: peer, path, lagMs });
    }
    return "ok";
  }

  /**
   * Whether every revision of a copy is held here: who joins hears of most sessions twice. What differs
   * in spite of equal revisions, which is a bug or an attack, is for audits to repair.
   */
  #isHeld({ session, envelope }: StateItem): boolean {
    const held = this.#port.table.get(session)?.envelope;
    return held !== undefined && joinEnvelopes(held, envelope) === held;
  }

  #isOver(envelope: Parameters<typeof lifetimeAt>[0]): boolean {
    const { clockMarginMs } = this.#port.limits;
    return lifetimeAt(envelope, this.#port.meshMs() - clockMarginMs) === "over";
  }

  #isTooFarAhead(peer: NodeId, { session }: Item, hlc: Hlc): boolean {
    const aheadMs = hlcToMillis(hlc) - this.#port.wallMs();
    if (hlc === HLC_ZERO || aheadMs <= this.#port.limits.clockAheadMsMax) return false;
    const reason = `its clock is ${Math.round(aheadMs / 1000)} s ahead of ours`;
    this.#port.emit({ type: "update-refused", peer, session, reason });
    this.#port.refuseClock(peer, `${reason}; synchronize the clocks of both machines`);
    return true;
  }
}

function hlcOf(item: Exclude<Item, { kind: "tombstone" }>): Hlc {
  const inDocument = item.kind === "state" ? item.hlcMax : (item.commit?.hlc ?? HLC_ZERO);
  const inEnvelope = envelopeHlcMax(item.kind === "state" ? item.envelope : item.fields);
  return inDocument > inEnvelope ? inDocument : inEnvelope;
}

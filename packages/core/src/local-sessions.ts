/**
 * What an application does to sessions on its own node: read, commit, touch, destroy.
 *
 * A commit's clock is above the node's own and above every clock in that session, so that whoever
 * overwrites what he saw wins, even over a writer whose clock ran ahead.
 *
 * Not here: waiting for acknowledgements, asking peers.
 */
import type { ReplicaConfig } from "./config.js";
import type { EventBody } from "./events.js";
import { type Hlc, hlcAfter } from "./hlc.js";
import type { Millis, SessionId } from "./ids.js";
import type { Envelope, Item, ShellFields, VersionVector } from "./session-state.js";
import { type Operation, SessionDocument, type Snapshot } from "./session/document.js";
import { createEnvelope } from "./session/envelope.js";
import { expiresAtMs, type Lifetime, lifetimeAt } from "./session/expiry.js";
import type { HeldSession } from "./session/held.js";
import type { SessionTable } from "./session/table.js";
import type { View } from "./session/view.js";

/** What is held of a session. */
export type ReadResult =
  | (Snapshot & {
      readonly status: "found";
      readonly createdAtMs: Millis;
      readonly expiresAtMs: Millis;
      readonly absoluteExpiresAtMs: Millis;
      readonly idleMs: Millis;
      /** How many commits of each writer are in it. */
      readonly revisions: VersionVector;
    })
  | { readonly status: "absent" | "expired" }
  | {
      readonly status: "destroyed";
      /** When it was regenerated under another id, else 0. */
      readonly regeneratedAtMs: Millis;
    };

/** What is known of a session without a look into its document. */
export interface SessionDescription {
  readonly lifetime: Lifetime;
  readonly createdAtMs: Millis;
  readonly expiresAtMs: Millis;
  readonly absoluteExpiresAtMs: Millis;
  readonly idleMs: Millis;
  /** How many commits of each writer are in it. */
  readonly revisions: VersionVector;
  /** Fields that core does not know: the shell's, and those of a newer version. From peers: untrusted. */
  readonly fields: Envelope["unknown"];
}

/** What is held of a session, by reference: nothing is copied, expired or not. */
export type LookResult =
  | (SessionDescription & {
      readonly status: "held";
      /** What shows; undefined for a session that holds nothing. Immutable, its bytes as well. */
      readonly root: View | undefined;
    })
  | { readonly status: "absent" }
  | { readonly status: "destroyed"; readonly regeneratedAtMs: Millis };

/** How a session that is not held is created. */
export interface Birth {
  readonly idleMs?: Millis;
  readonly absoluteMs?: Millis;
  /** When it ends, in mesh time; before `absoluteMs`. Equal on nodes that agree on it. */
  readonly absoluteExpiresAtMs?: Millis;
}

/** How to destroy. */
export interface LocalDestroy {
  /** It lives on under another id (M13). */
  readonly regenerated?: boolean;
  /** How long copies elsewhere can live, where none is held here. Default: the limit, from now. */
  readonly absoluteExpiresAtMs?: Millis;
}

/** A local change. */
export interface LocalCommit {
  readonly operations: readonly Operation[];
  readonly idleMs?: Millis;
  /** Fields of the envelope that mean something to the shell alone. */
  readonly fields?: ShellFields;
  /** Create the session if it is not held; never over a tombstone. Lifetimes default to the limits. */
  readonly birth?: Birth;
  /** Nothing grows by this change: it is taken even at the limit of bytes (P14). */
  readonly isShrinking?: boolean;
  /** It must not fail for want of room: it is taken at any limit. */
  readonly isVital?: boolean;
}

/** What became of a local change. `gone`: destroyed or over, the change dies with it (M9). */
export type CommitResult =
  | { readonly status: "committed"; readonly seq: number; readonly rev: number }
  | { readonly status: "unchanged" | "gone" }
  | { readonly status: "full"; readonly limit: string };

/** What local work needs of its replica. */
export interface LocalPort {
  readonly config: ReplicaConfig;
  readonly table: SessionTable;
  wallMs(): Millis;
  /** The cluster's idea of the time. */
  meshMs(): Millis;
  hlc(): Hlc;
  sawClock(hlc: Hlc): void;
  push(item: Item): number;
  emit(event: EventBody): void;
}

/** The sessions as the application sees them. */
export class LocalSessions {
  readonly #port: LocalPort;

  constructor(port: LocalPort) {
    this.#port = port;
  }

  /** The cluster's idea of the time, in which sessions expire. */
  nowMs(): Millis {
    return this.#port.meshMs();
  }

  blank(): Snapshot {
    return SessionDocument.create("blank").read();
  }

  read(session: SessionId): ReadResult {
    const { table } = this.#port;
    const tombstone = table.tombstone(session);
    if (tombstone) return { status: "destroyed", regeneratedAtMs: tombstone.regeneratedAtMs };
    const held = table.get(session);
    if (!held) return { status: "absent" };
    const { envelope } = held;
    if (lifetimeAt(envelope, this.#port.meshMs()) !== "live") return { status: "expired" };
    const { createdAtMs, absoluteExpiresAtMs, idleMs, revisions } = envelope;
    const lifetimes = { createdAtMs, absoluteExpiresAtMs, idleMs, revisions };
    const snapshot = table.use(held).document().read();
    return { status: "found", ...snapshot, ...lifetimes, expiresAtMs: expiresAtMs(envelope) };
  }

  describe(session: SessionId): SessionDescription | undefined {
    const envelope = this.#port.table.get(session)?.envelope;
    return envelope && describe(envelope, this.#port.meshMs());
  }

  look(session: SessionId): LookResult {
    const { table } = this.#port;
    const held = table.get(session);
    if (held) {
      const root = table.use(held).document().root;
      return { status: "held", root, ...describe(held.envelope, this.#port.meshMs()) };
    }
    const tombstone = table.tombstone(session);
    if (!tombstone) return { status: "absent" };
    return { status: "destroyed", regeneratedAtMs: tombstone.regeneratedAtMs };
  }

  commit(session: SessionId, change: LocalCommit): CommitResult {
    const { table } = this.#port;
    if (table.tombstone(session)) return { status: "gone" };
    const known = table.get(session);
    if (!known && !change.birth) return { status: "gone" };
    if (known && this.#isOver(known)) return { status: "gone" };
    const isIdleChange = change.idleMs !== undefined && change.idleMs !== known?.envelope.idleMs;
    const isChange = change.operations.length > 0 || isIdleChange || change.fields !== undefined;
    if (known && !isChange) return this.touch(session);
    const limit = this.#limitOn(known, change);
    if (limit !== undefined) {
      const { hot, cold, tombstones, bytes } = table.counts;
      const values = {
        sessionsMax: hot + cold,
        sessionsBytesMax: bytes,
        tombstonesMax: tombstones,
      };
      this.#port.emit({ type: "limit-refused", limit, value: values[limit] });
      return { status: "full", limit };
    }
    const held = known ?? this.#create(session, change.birth ?? {});
    const { writer } = this.#port.config;
    const hlc = hlcAfter(this.#port.wallMs(), this.#port.hlc(), held.hlcMax);
    this.#port.sawClock(hlc);
    const item = table.commit(held, {
      operations: change.operations,
      idleMs: change.idleMs,
      fields: change.fields,
      nowMs: this.#port.meshMs(),
      stamp: { hlc, writer },
    });
    held.pushedSeq = this.#port.push(item);
    return { status: "committed", seq: held.pushedSeq, rev: item.commit?.rev ?? 0 };
  }

  touch(session: SessionId): CommitResult {
    const held = this.#port.table.get(session);
    if (!held || this.#isOver(held)) return { status: "gone" };
    const item = this.#port.table.touch(held, this.#port.meshMs());
    if (!item) return { status: "unchanged" };
    return { status: "committed", seq: this.#port.push(item), rev: 0 };
  }

  destroy(session: SessionId, options: LocalDestroy): CommitResult {
    const { table, config } = this.#port;
    const isRegenerated = options.regenerated === true;
    if (table.tombstone(session)) return { status: "gone" };
    const nowMs = this.#port.meshMs();
    const absoluteExpiresAtMs =
      table.get(session)?.envelope.absoluteExpiresAtMs ??
      options.absoluteExpiresAtMs ??
      nowMs + config.limits.absoluteMs;
    const tombstone = { absoluteExpiresAtMs, regeneratedAtMs: isRegenerated ? nowMs : 0 };
    table.destroy(session, tombstone);
    const law = isRegenerated ? "M13" : "M9";
    this.#port.emit({ type: "session-destroyed", session, origin: config.node, law });
    const seq = this.#port.push({ kind: "tombstone", session, ...tombstone });
    return { status: "committed", seq, rev: 0 };
  }

  #isOver(held: HeldSession): boolean {
    return lifetimeAt(held.envelope, this.#port.meshMs()) === "over";
  }

  #limitOn(
    known: HeldSession | undefined,
    change: LocalCommit,
  ): ReturnType<SessionTable["limitReached"]> {
    if (change.isVital === true) return undefined;
    const limit = this.#port.table.limitReached();
    if (!known) return limit;
    const isGrowth = change.operations.length > 0 && change.isShrinking !== true;
    return isGrowth && limit === "sessionsBytesMax" ? limit : undefined;
  }

  #create(session: SessionId, birth: Birth): HeldSession {
    const { limits, writer } = this.#port.config;
    const hlc = hlcAfter(this.#port.wallMs(), this.#port.hlc());
    this.#port.sawClock(hlc);
    const envelope = createEnvelope({
      nowMs: this.#port.meshMs(),
      idleMs: birth.idleMs ?? limits.idleMs,
      absoluteMs: birth.absoluteMs ?? limits.absoluteMs,
      stamp: { hlc, writer },
    });
    const { absoluteExpiresAtMs = envelope.absoluteExpiresAtMs } = birth;
    return this.#port.table.create(session, { ...envelope, absoluteExpiresAtMs });
  }
}

function describe(envelope: Envelope, nowMs: Millis): SessionDescription {
  const { createdAtMs, absoluteExpiresAtMs, idleMs, revisions, unknown: fields } = envelope;
  const times = { createdAtMs, expiresAtMs: expiresAtMs(envelope), absoluteExpiresAtMs, idleMs };
  return { lifetime: lifetimeAt(envelope, nowMs), ...times, revisions, fields };
}

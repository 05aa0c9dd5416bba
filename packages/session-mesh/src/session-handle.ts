/**
 * One session in the hands of one request: plain data to change at will, and `commit`, which turns
 * the difference into operations.
 *
 * Two requests that hold the same session have handles, and data, of their own; what both change
 * merges. Not here: cookies and requests (adapters), finding sessions (sessions.ts).
 */
import {
  advance,
  type CommitResult,
  declareCounter,
  diff,
  type Limits,
  type Millis,
  type Operation,
  type ReadResult,
  resetCounter,
  type SessionId,
  type Snapshot,
  type Unshared,
  type VersionVector,
  type WantedAcks,
} from "@session-mesh/core";
import { counterAt, type CounterHandle } from "./counter-handle.js";
import { type HandedOut, noteHandedOut, rebase } from "./rebase.js";
import { type Lifetimes, lifetimesAtBirth } from "./session-lifetimes.js";
import type { SystemRuntime } from "./system-runtime.js";
import type { UserMark } from "./user-mark.js";

/** How many peers confirmed. */
export interface AckResult {
  readonly acks: number;
  /** Fewer than asked for; of an ending also: none, though other members will go on. */
  readonly degraded: boolean;
}

/** What became of a commit. */
export interface CommitOutcome extends AckResult {
  /**
   * `unchanged`: there was nothing to commit. `gone`: the session was destroyed or ended meanwhile,
   * and the change dies with it (M9). `full`: a limit refuses growth, nothing was changed.
   */
  readonly status: "committed" | "unchanged" | "gone" | "full";
  /** The limit that refused. */
  readonly limit?: string;
}

/** How to commit. */
export interface CommitOptions {
  /** How many peers to wait for. Default: the `acks` of the mesh. */
  readonly acks?: number | "all";
  /** How long to wait for them. Default: the `ackDeadlineMs` of the mesh. */
  readonly deadlineMs?: Millis;
  /** A new idle time for this session. */
  readonly idleMs?: Millis;
  /** Say that the session was used now, even if nothing changed. */
  readonly touch?: boolean;
}

/** What became of a {@link SessionHandle.write}. */
export interface Written extends Pick<CommitOutcome, "status" | "limit"> {
  /** The acknowledgements of what was committed; undefined where there are none to wait for. */
  readonly acknowledged: Promise<AckResult> | undefined;
}

/** How to destroy a session. */
export interface DestroyOptions {
  /** It lives on under another id; requests with this one are told so for some seconds (M13). */
  readonly regenerated?: boolean;
  /** How long to wait for all unsuspected peers. Default: the `ackDeadlineMs` of the mesh. */
  readonly deadlineMs?: Millis;
}

/** What handles need of their mesh. */
export interface SessionPort {
  readonly runtime: SystemRuntime;
  readonly limits: Limits;
  readonly acks: number | "all";
  hash(rawId: string): SessionId;
  destroy(session: SessionId, options: DestroyOptions): Promise<AckResult>;
  isAwaited(acks: number | "all"): boolean;
  awaitAcks(wanted: WantedAcks): Promise<AckResult>;
  /** Marks a session with its user; undefined where users have no meaning here. */
  markOf(session: SessionId): UserMark | undefined;
  /** Reads here, and where that finds nothing alive, after asking the peers. */
  reread(session: SessionId): Promise<ReadResult>;
}

type Found = Extract<ReadResult, { status: "found" }>;

const NO_ACKS: AckResult = { acks: 0, degraded: false };

/** A session, held by one request. */
export class SessionHandle {
  /** The raw id, which leaves this process only in its user's cookie. */
  readonly id: string;
  readonly #port: SessionPort;
  readonly #session: SessionId;
  readonly #mark: UserMark | undefined;
  #snapshot: Snapshot;
  #handedOut: HandedOut = new Set();
  #lifetimes: Lifetimes;
  #revisions: VersionVector = [];
  /** How the session is to be created; undefined once it is stored. */
  #birth: { readonly idleMs?: Millis; readonly absoluteMs?: Millis } | undefined;
  #isDestroyed = false;

  /** For {@link Sessions}. `found` is what was read, `birth` says how to create what is not stored. */
  constructor(
    port: SessionPort,
    id: string,
    origin:
      | { readonly found: Found }
      | { readonly birth: { idleMs?: Millis; absoluteMs?: Millis } },
  ) {
    this.#port = port;
    this.id = id;
    this.#session = port.hash(id);
    this.#mark = port.markOf(this.#session);
    if ("found" in origin) {
      this.#snapshot = origin.found;
      this.#lifetimes = origin.found;
      this.#revisions = origin.found.revisions;
    } else {
      this.#birth = origin.birth;
      this.#snapshot = port.runtime.run((replica) => replica.blank());
      this.#lifetimes = lifetimesAtBirth(origin.birth, port.limits);
    }
    this.#mark?.read(this.value);
    noteHandedOut(this.#snapshot.value, this.#handedOut);
  }

  /** Nothing of it is stored yet: the first commit creates it. */
  get isNew(): boolean {
    return this.#birth !== undefined;
  }

  /** It was destroyed through this handle, or a commit or reload found that it is gone. */
  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  /** The session as plain data: change it in place, or assign another object. */
  get value(): Record<string, unknown> {
    return this.#snapshot.value as Record<string, unknown>;
  }

  set value(value: Record<string, unknown>) {
    this.#snapshot = { ...this.#snapshot, value: value as Snapshot["value"] };
  }

  /** As of the last read or commit; of a new session, as if it were committed now. */
  get createdAtMs(): Millis {
    return this.#lifetimes.createdAtMs;
  }

  get expiresAtMs(): Millis {
    return this.#lifetimes.expiresAtMs;
  }

  get absoluteExpiresAtMs(): Millis {
    return this.#lifetimes.absoluteExpiresAtMs;
  }

  get idleMs(): Millis {
    return this.#lifetimes.idleMs;
  }

  /** Each writer's commits in it, as of the last read or commit. */
  get revisions(): VersionVector {
    return this.#revisions;
  }

  /** Those of {@link SessionHandle.revisions} that some member may lack: for its user to take along. */
  unshared(): Unshared {
    return this.#port.runtime.run((replica) => replica.unshared(this.#session, this.#revisions));
  }

  /** Waits until every unsuspected peer holds this node's change of that number. */
  share({ seq }: Unshared): Promise<AckResult> {
    return this.#awaitAcks(seq, { acks: "all" });
  }

  /** Whether a commit would write. Throws UnsupportedValueError for what a session cannot hold. */
  hasChanged(): boolean {
    return this.#difference().length > 0;
  }

  /** A counter at a path of property names: increments on several nodes add up (M8). */
  counter(...path: readonly string[]): CounterHandle {
    return counterAt(path, {
      root: () => this.value,
      declare: () => declareCounter(this.#snapshot, path),
      reset: () => resetCounter(this.#snapshot, path),
    });
  }

  /**
   * Writes what was changed since the read or the last commit, and waits for acknowledgements.
   * Rejects with UnsupportedValueError, nothing changed, for what a session cannot hold; with a
   * MeshError when the mesh is closed. May be called again.
   */
  async commit(options: CommitOptions = {}): Promise<CommitOutcome> {
    const { seq, ...result } = this.#commit(options, (fresh) =>
      rebase({ snapshot: this.#snapshot, handedOut: this.#handedOut }, fresh),
    );
    if (seq === undefined) return { ...NO_ACKS, ...result };
    return { ...result, ...(await this.#awaitAcks(seq, options)) };
  }

  /**
   * {@link SessionHandle.commit} for adapters of frameworks that must not see a session change beneath
   * them: at once, and `value` stays as it is. What others wrote is not in it, and is not undone by a
   * later write either. Throws what `commit` rejects with.
   */
  write(options: CommitOptions = {}): Written {
    const { seq, ...result } = this.#commit(options, (fresh) => ({
      value: this.#snapshot.value,
      base: advance(this.#snapshot, fresh.base),
    }));
    const isAwaited = seq !== undefined && this.#port.isAwaited(options.acks ?? this.#port.acks);
    return { ...result, acknowledged: isAwaited ? this.#awaitAcks(seq, options) : undefined };
  }

  /** Says that the session was used now, which puts its expiry off; peers hear of it behind. */
  touch(): void {
    if (this.isNew || this.#isDestroyed) return;
    const result = this.#port.runtime.run((replica) => replica.touch(this.#session));
    if (result.status === "gone") this.#isDestroyed = true;
    if (result.status !== "committed") return;
    const fresh = this.#port.runtime.run((replica) => replica.read(this.#session));
    if (fresh.status === "found") this.#lifetimes = fresh;
  }

  /** Reads again and drops what was not committed. False when the session is not found any more. */
  async reload(): Promise<boolean> {
    const result = await this.#port.reread(this.#session);
    if (result.status === "destroyed") this.#isDestroyed = true;
    if (result.status !== "found") return false;
    this.#hold(result, result);
    this.#handedOut = new Set();
    noteHandedOut(result.value, this.#handedOut);
    return true;
  }

  /** Ends the session for good on every node (M9), and waits for all unsuspected peers. */
  async destroy(options: DestroyOptions = {}): Promise<AckResult> {
    const wasNew = this.isNew;
    this.#isDestroyed = true;
    if (wasNew) return NO_ACKS;
    return this.#port.destroy(this.#session, options);
  }

  #difference(): Operation[] {
    const { base, value } = this.#snapshot;
    return diff(base, value, { bytesMax: this.#port.limits.sessionBytesMax });
  }

  #write(operations: readonly Operation[], idleMs: Millis | undefined): CommitResult {
    const isShrinking = operations.every(({ kind }) => kind === "clear");
    const fields = this.#mark?.fieldsFor(this.value, this.createdAtMs);
    const idle = idleMs === undefined ? {} : { idleMs };
    const birth = this.#birth && { birth: { ...this.#birth, ...idle } };
    const change = { operations, isShrinking, ...idle, ...(fields && { fields }), ...birth };
    return this.#port.runtime.run((replica) => replica.commit(this.#session, change));
  }

  /** Writes the difference; `rebased` says what to hold once it is committed, as number `seq`. */
  #commit(
    options: CommitOptions,
    rebased: (fresh: Snapshot) => Snapshot,
  ): Pick<CommitOutcome, "status" | "limit"> & { seq?: number } {
    if (this.#isDestroyed) return { status: "gone" };
    const operations = this.#difference();
    const isWrite = operations.length > 0 || this.isNew || options.idleMs !== undefined;
    if (!isWrite) {
      if (options.touch === true) this.touch();
      return { status: this.#isDestroyed ? "gone" : "unchanged" };
    }
    const result = this.#write(operations, options.idleMs);
    if (result.status === "gone") this.#isDestroyed = true;
    if (result.status === "full") return { status: "full", limit: result.limit };
    if (result.status !== "committed") return { status: result.status };
    this.#birth = undefined;
    const fresh = this.#port.runtime.run((replica) => replica.read(this.#session));
    if (fresh.status === "found") this.#hold(rebased(fresh), fresh);
    return { status: "committed", seq: result.seq };
  }

  #hold(snapshot: Snapshot, found: Found): void {
    this.#snapshot = snapshot;
    this.#lifetimes = found;
    this.#revisions = found.revisions;
    this.#mark?.read(this.value);
  }

  #awaitAcks(seq: number, options: CommitOptions): Promise<AckResult> {
    return this.#port.awaitAcks({ ...options, seq, acks: options.acks ?? this.#port.acks });
  }
}

/**
 * The sessions of a mesh by name and by reference, for protocols whose clients choose the keys: what
 * `Sessions` and its handles do for requests, without copies, and as far as it can be at once.
 *
 * A record is what core holds: an envelope and what shows of a document. Whoever writes says what the
 * write does, as operations. Names are keyed hashes ({@link SessionRecords.nameOf}), so that no key
 * leaves this process (P12).
 *
 * Not here: plain values and their differences (session-handle.ts), and what a key's record looks like.
 */
import { createHmac, hkdfSync } from "node:crypto";
import type {
  AckOutcome,
  CommitResult,
  FreshnessOutcome,
  LocalCommit,
  LocalDestroy,
  LookResult,
  Millis,
  PullOutcome,
  SessionDescription,
  SessionId,
  Unshared,
  VersionVector,
  WantedAcks,
} from "@session-mesh/core";
import { isAlone } from "./others.js";
import type { AckResult } from "./session-handle.js";
import { SESSION_ID_LENGTH } from "./session-ids.js";
import type { SystemRuntime } from "./system-runtime.js";

/** What the records need of their mesh. */
export interface SessionRecordsParts {
  readonly runtime: SystemRuntime;
  readonly idKey: Uint8Array;
}

/** See the file's comment. Every call throws, or rejects with, a MeshError once the mesh is closed. */
export class SessionRecords {
  readonly #runtime: SystemRuntime;
  readonly #idKey: Uint8Array;

  constructor({ runtime, idKey }: SessionRecordsParts) {
    this.#runtime = runtime;
    this.#idKey = idKey;
  }

  /** The name of the session of a raw id, as `Sessions` would call it; hashed anew by every call. */
  nameOf(rawId: string | Uint8Array): SessionId {
    const hash = createHmac("sha256", this.#idKey).update(rawId).digest("base64url");
    return hash.slice(0, SESSION_ID_LENGTH) as SessionId;
  }

  /**
   * A key that every node with the cluster's `idKey` derives alike, and nobody else; `purpose` keeps
   * keys apart. It does not rotate with the secret.
   */
  deriveKey(purpose: string, length: number): Uint8Array {
    return new Uint8Array(hkdfSync("sha256", this.#idKey, "", `session-mesh ${purpose}`, length));
  }

  /** The cluster's idea of the time, in which sessions expire. */
  nowMs(): Millis {
    return this.#runtime.run((replica) => replica.nowMs());
  }

  /** What is held on this node, expired or not, by reference: not to be changed. */
  look(session: SessionId): LookResult {
    return this.#runtime.run((replica) => replica.look(session));
  }

  /** What is known of what is held, without a look into it: cold sessions stay cold. */
  describe(session: SessionId): SessionDescription | undefined {
    return this.#runtime.run((replica) => replica.describe(session));
  }

  /** Commits a change at once; `awaitAcks` with its `seq` says who else has it. */
  commit(session: SessionId, change: LocalCommit): CommitResult {
    return this.#runtime.run((replica) => replica.commit(session, change));
  }

  /** Destroys for good (M9), held here or not. */
  destroy(session: SessionId, options: LocalDestroy = {}): CommitResult {
    return this.#runtime.run((replica) => replica.destroy(session, options));
  }

  /** Whether there is any member that could hold what is not held here. */
  get isAlone(): boolean {
    return isAlone(this.#runtime.run((replica) => replica.status()));
  }

  /**
   * Asks the peers for a session that is not held here or seems expired. `absent`: no member has it.
   * `unknown`: not every member could be asked (P9). What was found is held here then.
   */
  async pull(session: SessionId): Promise<"found" | "absent" | "unknown"> {
    const { status } = await this.#runtime.ask<PullOutcome>("pull", (replica, ticket) => {
      replica.pull(ticket, session);
    });
    return status;
  }

  /** Waits until what a reader has `seen` elsewhere is held here, or cannot be had (P5). */
  awaitRevisions(
    session: SessionId,
    seen: VersionVector,
    deadlineMs: Millis,
  ): Promise<FreshnessOutcome> {
    return this.#runtime.ask<FreshnessOutcome>("freshness", (replica, ticket) =>
      replica.awaitRevisions(ticket, session, { revisions: seen, deadlineMs }),
    );
  }

  /** Which of these revisions of a session some member may lack (P5). */
  unshared(session: SessionId, revisions: VersionVector): Unshared {
    return this.#runtime.run((replica) => replica.unshared(session, revisions));
  }

  /** {@link SessionRecords.awaitAcks} where there is nothing to wait for, else undefined. */
  settledAcks(wanted: WantedAcks): AckResult | undefined {
    return this.#runtime.run((replica) => replica.acknowledged(wanted));
  }

  /** How many peers confirmed the change of that number, waiting for them if need be. */
  awaitAcks(wanted: WantedAcks): Promise<AckResult> {
    return this.#runtime.ask<AckOutcome>("acks", (replica, ticket) => {
      replica.awaitAcks(ticket, wanted);
    });
  }

  /** The sessions held here in one of `PARTITION_COUNT` partitions, expired ones included. */
  held(partition: number): SessionId[] {
    return this.#runtime.run((replica) => replica.held(partition));
  }
}

/**
 * One session held here: its envelope, and its document either hot (a live Yjs document) or cold
 * (packed bytes, and deltas that wait to be folded).
 *
 * Not here: which sessions are hot and which not even objects (held-sessions.ts), and what the merge
 * laws say (document.ts).
 */
import { assert } from "../assert.js";
import { HLC_ZERO, type Hlc, type Stamp } from "../hlc.js";
import type { Bytes, Millis, SessionId, WriterId } from "../ids.js";
import type { Commit, DeltaItem, Envelope, StateItem, VersionVector } from "../session-state.js";
import { type Merge, type Operation, SessionDocument } from "./document.js";
import { envelopeHlcMax, joinEnvelopes } from "./envelope.js";
import type { Digest } from "./fingerprint.js";
import type { HeldRecord } from "./held-record.js";
import { PackedDocument } from "./packed-document.js";
import { inspectUpdate, parseUpdate } from "./update.js";
import {
  dominates,
  EMPTY_VECTOR,
  vectorFromMap,
  vectorToMap,
  versionOf,
  withVersion,
} from "./version-vector.js";

/** What became of an update. `gap`: what it builds on is missing here, nothing was applied. */
export type ApplyVerdict = "applied" | "known" | "gap" | "rejected";

/** What became of a change of another writer, and the envelope that follows from it. */
export interface DeltaResult {
  readonly verdict: ApplyVerdict;
  readonly merges: readonly Merge[];
  readonly envelope: Envelope;
}

/** What a cold session takes beside its packed document: envelope, vectors, name, index. Measured. */
const RECORD_BYTES = 120;
const NOBODY = 0 as WriterId;
const NOTHING_SEEN: ReadonlyMap<WriterId, number> = new Map();
/** A document is measured again, or folded, when this many bytes came to it, or as many as it had. */
const UNMEASURED_BYTES = 1_024;
const NOTHING_APPLIED = { verdict: "known", merges: [] } as const;

/** A session held here. */
export class HeldSession {
  readonly id: SessionId;
  envelope: Envelope;
  digest: Digest = { a: 0, b: 0 };
  /** When anything last changed, on the monotonic clock. */
  changedAtMs: Millis = 0;
  /** When a revision of another writer last arrived, on the monotonic clock. */
  heardAtMs: Millis = 0;
  /** The number of the last own commit to it; 0 for none. */
  pushedSeq = 0;
  hotTurn = 0; // see hot-sessions.ts
  stateVector: VersionVector = EMPTY_VECTOR;
  /** What this session counts for in the table's total, at its last count. */
  countedBytes: Bytes = 0;
  #documentHlcMax: Hlc = HLC_ZERO;
  #document: SessionDocument | undefined;
  /** The document while it is cold. */
  #packed = PackedDocument.EMPTY;
  /** What the document took when it was last encoded. */
  #measuredBytes: Bytes = 0;
  /** What came to it since. */
  #addedBytes: Bytes = 0;

  constructor(id: SessionId, envelope: Envelope) {
    this.id = id;
    this.envelope = envelope;
  }

  /** The cold session that a record holds. */
  static fromRecord(id: SessionId, record: HeldRecord): HeldSession {
    const held = new HeldSession(id, record.envelope);
    held.digest = record.digest;
    held.changedAtMs = record.changedAtMs;
    held.heardAtMs = record.heardAtMs;
    held.pushedSeq = record.pushedSeq;
    held.stateVector = record.stateVector;
    held.#documentHlcMax = record.documentHlcMax;
    held.#measuredBytes = record.measuredBytes;
    held.#addedBytes = record.addedBytes;
    held.#packed = record.document;
    held.countedBytes = held.takenBytes;
    return held;
  }

  /** What a record holds of a cold session. */
  toRecord(): HeldRecord {
    assert(!this.#document, `session ${this.id} is hot, and is no record`);
    return {
      envelope: this.envelope,
      digest: this.digest,
      changedAtMs: this.changedAtMs,
      heardAtMs: this.heardAtMs,
      pushedSeq: this.pushedSeq,
      stateVector: this.stateVector,
      documentHlcMax: this.#documentHlcMax,
      measuredBytes: this.#measuredBytes,
      addedBytes: this.#addedBytes,
      document: this.#packed,
    };
  }

  get isHot(): boolean {
    return this.#document !== undefined;
  }

  /** Whether deltas wait that take as much as the document, or are more than `deltasMax`. */
  shouldFold(deltasMax: number): boolean {
    const { deltaCount } = this.#packed;
    return deltaCount > deltasMax || (deltaCount > 1 && this.#hasGrown);
  }

  /** Makes the deltas that wait one with the document. */
  fold(): void {
    this.document();
    this.evict();
  }

  /** The highest clock in document and envelope: a commit must go above it. */
  get hlcMax(): Hlc {
    return Math.max(this.#documentHlcMax, envelopeHlcMax(this.envelope)) as Hlc;
  }

  /** Bytes of the document, packed: exact when it was just encoded, else with what came since on top. */
  get storedBytes(): Bytes {
    return this.#measuredBytes + this.#addedBytes;
  }

  /** The memory that the session takes when it is cold. */
  get takenBytes(): Bytes {
    return RECORD_BYTES + this.storedBytes;
  }

  /** The live document, hydrated if need be. */
  document(): SessionDocument {
    if (this.#document) return this.#document;
    const { base, deltas } = this.#packed.unpack();
    const document = base
      ? SessionDocument.hydrate(this.id, base, deltas)
      : SessionDocument.create(this.id);
    // A session that began with a delta of a peer has no bytes yet.
    if (!base) for (const delta of deltas) document.apply(delta, 1);
    this.#document = document;
    this.#packed = PackedDocument.EMPTY;
    this.#afterDocumentChange(document, 0);
    return document;
  }

  /** Turns a hot session cold. */
  evict(): void {
    if (!this.#document) return;
    this.#packed = this.#measure(this.#document);
    this.#document.destroy();
    this.#document = undefined;
  }

  /** Makes a commit; the update to send, if the document changed. */
  commit(operations: readonly Operation[], stamp: Stamp, rev: number): Uint8Array | undefined {
    const document = this.document();
    const update = document.commit(operations, stamp, rev);
    if (update) this.#afterDocumentChange(document, update.length);
    return update;
  }

  /**
   * Merges a change of another writer into the document; `envelope` is for the caller to set, once
   * the verdict is `applied`. A change whose author had seen what is missing here is a gap: alone it
   * would show half of a thing.
   */
  applyDelta({ fields, commit }: DeltaItem): DeltaResult {
    const joined = joinEnvelopes(this.envelope, { ...this.envelope, ...fields });
    const verdict = joined === this.envelope ? "known" : "applied";
    const isNews = commit && commit.rev > versionOf(joined.revisions, commit.author);
    if (!isNews) return { verdict, merges: [], envelope: joined };
    const { author, rev } = commit;
    const isNext = rev === versionOf(joined.revisions, author) + 1;
    const revisions = withVersion(joined.revisions, author, rev);
    const isGap = !isNext || !dominates(revisions, commit.seen);
    if (isGap) return { verdict: "gap", merges: [], envelope: this.envelope };
    const result = commit.update ? this.#applyCommit(commit, commit.update) : NOTHING_APPLIED;
    if (result.verdict === "gap" || result.verdict === "rejected") {
      return { ...result, envelope: this.envelope };
    }
    this.raiseHlc(commit.hlc);
    return { verdict: "applied", merges: result.merges, envelope: { ...joined, revisions } };
  }

  /** Applies a commit of another writer, without hydrating a cold session. */
  #applyCommit(
    commit: Commit,
    update: Uint8Array,
  ): { verdict: ApplyVerdict; merges: readonly Merge[] } {
    const document = this.#document;
    if (!document) return { verdict: this.#appendCold(commit, update), merges: [] };
    const seen = vectorToMap(commit.seen);
    const { author: writer, rev, hlc } = commit;
    const result = document.apply(update, 1, { writer, rev, seen, hlc });
    if (result.verdict === "applied") this.#afterDocumentChange(document, update.length);
    return result;
  }

  /** Merges a whole copy. */
  applyState(state: StateItem): { verdict: ApplyVerdict; merges: readonly Merge[] } {
    const isBlank = !this.#document && this.#packed === PackedDocument.EMPTY;
    if (isBlank) return { verdict: this.#adopt(state), merges: [] };
    const wasHot = this.isHot;
    const document = this.document();
    // No entry may be later than the copy says, as in a commit.
    const context = { writer: NOBODY, rev: 0, seen: NOTHING_SEEN, hlc: state.hlcMax };
    const result = document.apply(state.update, 2, context);
    if (result.verdict === "applied") this.#afterDocumentChange(document, state.update.length);
    if (!wasHot) this.evict();
    return result;
  }

  /** A whole copy to send. */
  toState(): StateItem {
    const exact = this.#packed.deltaCount === 0 ? this.#packed.unpack().base : undefined;
    const update = exact ?? this.document().encode();
    return {
      kind: "state",
      session: this.id,
      envelope: this.envelope,
      hlcMax: this.hlcMax,
      update,
    };
  }

  /** Raises the clock that the next commit must go above, as a sender reported it. */
  raiseHlc(hlc: Hlc): void {
    if (hlc > this.#documentHlcMax) this.#documentHlcMax = hlc;
  }

  /** Takes the first copy as it came, when it has been read: a document is made when it is used. */
  #adopt({ update, hlcMax }: StateItem): ApplyVerdict {
    const parsed = parseUpdate(update, 2, hlcMax);
    if (!parsed) return "rejected";
    const vector = new Map<WriterId, number>();
    for (const [writer, { fromInclusive, toExclusive }] of parsed.ranges) {
      if (fromInclusive > 0) return "gap";
      vector.set(writer, toExclusive);
    }
    const { packed, bytes } = PackedDocument.of(parsed.bytes);
    this.#packed = packed;
    this.#measuredBytes = bytes;
    this.stateVector = vectorFromMap(vector);
    return vector.size > 0 ? "applied" : "known";
  }

  #appendCold(commit: Commit, update: Uint8Array): ApplyVerdict {
    // No entry may be later than its commit says: one that were would outrun everybody's clock.
    const ranges = inspectUpdate(update, 1, commit.hlc);
    if (!ranges) return "rejected";
    let vector = this.stateVector;
    for (const [writer, { fromInclusive, toExclusive }] of ranges) {
      if (fromInclusive > versionOf(vector, writer)) return "gap";
      vector = withVersion(vector, writer, toExclusive);
    }
    if (vector === this.stateVector) return "known";
    this.stateVector = vector;
    const { packed, bytes } = this.#packed.with(update);
    this.#packed = packed;
    this.#addedBytes += bytes;
    this.raiseHlc(commit.hlc);
    return "applied";
  }

  #afterDocumentChange(document: SessionDocument, addedBytes: Bytes): void {
    this.raiseHlc(document.hlcMax);
    const vector = vectorFromMap(document.stateVector);
    assert(
      vector.length >= this.stateVector.length,
      `session ${this.id} forgot a writer: ${this.stateVector.length} → ${vector.length}`,
    );
    this.stateVector = vector;
    this.#addedBytes += addedBytes;
    // Overwritten entries go when it is encoded; seldom enough to cost little by the byte that came.
    if (addedBytes > 0 && this.#hasGrown) this.#measure(document);
  }

  get #hasGrown(): boolean {
    return this.#addedBytes > Math.max(UNMEASURED_BYTES, this.#measuredBytes);
  }

  #measure(document: SessionDocument): PackedDocument {
    const { packed, bytes } = PackedDocument.of(document.encode());
    this.#measuredBytes = bytes;
    this.#addedBytes = 0;
    return packed;
  }

  /** The next revision of `writer`. */
  nextRevision(writer: WriterId): number {
    return versionOf(this.envelope.revisions, writer) + 1;
  }
}

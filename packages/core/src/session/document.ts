/**
 * One session as a Yjs document that satisfies the merge laws M1–M8, M11 and M12.
 *
 * Every writer has a root array to which it appends entries, `[key, hlc]` or `[key, hlc, payload]`
 * (entry.ts). Yjs keeps, dedupes and delivers them; which of them count is decided here and only from
 * what they say, so Yjs' own order of things plays no part. Dominated entries are deleted from the
 * document, which bounds it, but that is each replica's own business: deletes are never sent in
 * deltas, never taken over from others, and no part of what makes two replicas equal. Equal state
 * vectors are.
 *
 * The Yjs document itself is made when it is first needed, to encode: reading and writing take only
 * the entries, and Yjs gets those of many commits at once.
 *
 * Not here: clocks and revisions, which are handed in; the envelope; which sessions are hydrated.
 */
import * as Y from "yjs";
import { assert } from "../assert.js";
import { type Hlc, HLC_ZERO, type Stamp } from "../hlc.js";
import type { WriterId } from "../ids.js";
import { encodeDeletes } from "./delete-set.js";
import { type Appended, encodeAppended } from "./entry-update.js";
import { type Entry, type UpdateContext, placeEntry, rawClock } from "./entry.js";
import { type Merge, mergeOf } from "./merge.js";
import type { Operation } from "./operation.js";
import { Places } from "./places.js";
import { type Snapshot, readSnapshot } from "./snapshot.js";
import { type ParsedUpdate, type UpdateFormat, parseUpdate } from "./update.js";
import { type View, viewOf } from "./view.js";
import { writeEntries } from "./writing.js";

export { advance } from "./advance.js";
export { declareCounter, resetCounter } from "./counter.js";
export { diff } from "./diff.js";
export type { UpdateContext } from "./entry.js";
export type { Merge } from "./merge.js";
export type { Operation } from "./operation.js";
export type { Base, Snapshot } from "./snapshot.js";
export {
  type DiffLimits,
  type JsonObject,
  type JsonValue,
  UnsupportedValueError,
  atomic,
} from "./values.js";

/** What became of an update. `gap`: what it follows is missing here; only `applied` changed anything. */
export type ApplyVerdict = "applied" | "known" | "gap" | "rejected";

/** What an update did. */
interface ApplyResult {
  readonly verdict: ApplyVerdict;
  /** The concurrent writes that met, as far as they are known; at most 16. */
  readonly merges: readonly Merge[];
}

/** How many meetings one update reports. */
const MERGES_MAX = 16;

/** Entries and updates that wait for the Yjs document; more than these and they are put into it. */
const PENDING_MAX = 256;
/** Dominated entries that wait for their deletion. */
const DEAD_MAX = 64;
/** What Yjs calls us while we write nothing: it minds updates from its own client. */
const NOBODY = 0;
const NOTHING_SEEN: ReadonlyMap<WriterId, number> = new Map();

/** One session's document. */
export class SessionDocument {
  readonly #guid: string;
  readonly #places: Places = new Places((entry) => this.#dead.push(entry));
  readonly #clocks = new Map<WriterId, number>();
  #hlcMax: Hlc = HLC_ZERO;
  #doc: Y.Doc | undefined;
  /** What the Yjs document still lacks: first these updates, then these entries. */
  #pending: Pick<ParsedUpdate, "bytes" | "format">[] = [];
  #appended: Appended[] = [];
  #pendingCount = 0;
  /** The dominated entries that the Yjs document still holds. */
  #dead: Entry[] = [];
  /** The whole document, if nothing changed since. */
  #encoded: Uint8Array | undefined;

  private constructor(guid: string) {
    this.#guid = guid;
  }

  /** A document that holds nothing. */
  static create(guid: string): SessionDocument {
    return new SessionDocument(guid);
  }

  /** The document that `bytes`, of `encode`, and later commits make; what is malformed is left out. */
  static hydrate(
    guid: string,
    bytes: Uint8Array,
    deltas: readonly Uint8Array[] = [],
  ): SessionDocument {
    const document = new SessionDocument(guid);
    document.apply(bytes, 2);
    if (document.#dead.length === 0) document.#encoded = bytes;
    for (const delta of deltas) document.apply(delta, 1);
    return document;
  }

  /** How many entries of each writer the document holds. */
  get stateVector(): ReadonlyMap<WriterId, number> {
    return this.#clocks;
  }

  /** The highest clock that the document holds, or has held since it was hydrated. */
  get hlcMax(): Hlc {
    return this.#hlcMax;
  }

  /** What shows, by reference; undefined when nothing does. */
  get root(): View | undefined {
    return viewOf(this.#places.root);
  }

  /** The session as plain data, and what `diff` needs to tell what is done to it. */
  read(): Snapshot {
    return readSnapshot(this.root);
  }

  /**
   * Writes `operations` as the `rev`-th commit of `stamp`'s writer; the update to send, in format 1,
   * or undefined if there was nothing left to write. The stamp must be above every clock in here.
   */
  commit(operations: readonly Operation[], stamp: Stamp, rev: number): Uint8Array | undefined {
    assert(stamp.hlc > this.#hlcMax, `commit at ${stamp.hlc}, not above ${this.#hlcMax}`);
    const { writer } = stamp;
    const clock = this.#clocks.get(writer) ?? 0;
    const entries = writeEntries(operations, this.#places, { stamp, clock });
    if (entries.length === 0) return undefined;
    const appended = { writer, clock, entries };
    const update = encodeAppended([appended]);
    this.#append([appended]);
    const context = { writer, rev, seen: NOTHING_SEEN };
    entries.forEach((entry, i) => this.#add(entry, { writer, clock: clock + i, context }));
    this.#clocks.set(writer, clock + entries.length);
    if (this.#dead.length > DEAD_MAX) this.#bury(this.#materialize());
    return update;
  }

  /**
   * Merges an update of a peer. `context` says which commit it is, and makes merges known. Whatever
   * the bytes, nothing is thrown, and unless the verdict is `applied` nothing has changed.
   */
  apply(update: Uint8Array, format: UpdateFormat, context?: UpdateContext): ApplyResult {
    const parsed = parseUpdate(update, format, context?.hlc);
    if (!parsed) return { verdict: "rejected", merges: [] };
    let isNews = false;
    for (const [writer, { fromInclusive, toExclusive }] of parsed.ranges) {
      const known = this.#clocks.get(writer) ?? 0;
      if (fromInclusive > known) return { verdict: "gap", merges: [] };
      if (toExclusive > known) isNews = true;
    }
    if (!isNews) return { verdict: "known", merges: [] };
    const merges = this.#integrate(parsed, context);
    const appended = format === 1 ? appendedIn(parsed) : undefined;
    if (appended) this.#append(appended);
    else this.#await(parsed);
    return { verdict: "applied", merges };
  }

  /** The whole document, in format 2. */
  encode(): Uint8Array {
    if (this.#encoded) return this.#encoded;
    const doc = this.#materialize();
    this.#bury(doc);
    this.#encoded = Y.encodeStateAsUpdateV2(doc);
    return this.#encoded;
  }

  /** Frees what Yjs holds. */
  destroy(): void {
    this.#doc?.destroy();
  }

  #integrate({ runs, ranges }: ParsedUpdate, context: UpdateContext | undefined): Merge[] {
    const merges: Merge[] = [];
    for (const { writer, clock, entries } of runs) {
      const known = this.#clocks.get(writer) ?? 0;
      const own = context?.writer === writer ? context : undefined;
      entries?.forEach((raw, i) => {
        if (clock + i < known) return;
        const merge = this.#add(raw, { writer, clock: clock + i, context: own });
        if (merge && merges.length < MERGES_MAX) merges.push(merge);
      });
    }
    for (const [writer, { toExclusive }] of ranges) {
      if (toExclusive > (this.#clocks.get(writer) ?? 0)) this.#clocks.set(writer, toExclusive);
    }
    return merges;
  }

  #add(raw: unknown, origin: Pick<Entry, "writer" | "clock" | "context">): Merge | undefined {
    const hlc = rawClock(raw);
    if (hlc > this.#hlcMax) this.#hlcMax = hlc;
    const placed = placeEntry(raw, origin);
    if (!placed) return undefined;
    return mergeOf(placed, this.#places.add(placed));
  }

  /** Keeps entries until the Yjs document is wanted. */
  #append(appended: readonly Appended[]): void {
    for (const run of appended) {
      this.#appended.push(run);
      this.#pendingCount += run.entries.length;
    }
    this.#changed();
  }

  /** Keeps an update until the Yjs document is wanted. */
  #await({ bytes, format }: ParsedUpdate): void {
    this.#settleAppended();
    this.#pending.push({ bytes, format });
    this.#pendingCount += 1;
    this.#changed();
  }

  #changed(): void {
    this.#encoded = undefined;
    if (this.#pendingCount > PENDING_MAX) this.#materialize();
  }

  #settleAppended(): void {
    if (this.#appended.length === 0) return;
    this.#pending.push({ bytes: encodeAppended(this.#appended), format: 1 });
    this.#appended = [];
  }

  /** Brings the Yjs document up to date with the entries. */
  #materialize(): Y.Doc {
    const doc = (this.#doc ??= new Y.Doc({ guid: this.#guid }));
    doc.clientID = NOBODY;
    this.#settleAppended();
    for (const { bytes, format } of this.#pending) {
      if (format === 1) Y.applyUpdate(doc, bytes);
      else Y.applyUpdateV2(doc, bytes);
    }
    assert(doc.store.pendingStructs === null, "Yjs found a gap where there is none");
    this.#pending = [];
    this.#pendingCount = 0;
    return doc;
  }

  /** Deletes dominated entries, in a transaction that nobody hears of. */
  #bury(doc: Y.Doc): void {
    if (this.#dead.length === 0) return;
    const dead = new Map<WriterId, number[]>();
    for (const { writer, clock } of this.#dead) {
      const clocks = dead.get(writer);
      if (clocks) clocks.push(clock);
      else dead.set(writer, [clock]);
    }
    this.#dead = [];
    Y.applyUpdate(doc, encodeDeletes(dead));
  }
}

/** The entries that an update appends; undefined where it says that some are deleted. */
function appendedIn({ runs }: ParsedUpdate): Appended[] | undefined {
  const appended: Appended[] = [];
  for (const { writer, clock, entries } of runs) {
    if (!entries) return undefined;
    appended.push({ writer, clock, entries });
  }
  return appended;
}

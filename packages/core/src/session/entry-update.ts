/**
 * Entries to Yjs updates in format 1: what Yjs itself would send of appending them, without the
 * document and the transaction that it takes for that (test: the same bytes).
 *
 * Not here: updates to entries (update.ts), and whole documents, which Yjs encodes.
 */
import * as Y from "yjs";
import type { WriterId } from "../ids.js";
import { CONTENT_ANY, HAS_ORIGIN, rootName } from "./update.js";

/** Entries of one writer in a row; the first has the place `clock` in its array. */
export interface Appended {
  readonly writer: WriterId;
  readonly clock: number;
  readonly entries: readonly unknown[];
}

/**
 * The update that appends these. The runs of a writer must be in order and leave no gap; what they
 * repeat is left out.
 */
export function encodeAppended(appended: readonly Appended[]): Uint8Array {
  const byWriter = joinRuns(appended);
  const encoder = new Y.UpdateEncoderV1();
  encoder.writeLen(byWriter.size);
  for (const [writer, { clock, entries }] of byWriter) {
    encoder.writeLen(1);
    encoder.writeClient(writer);
    encoder.writeLen(clock);
    encoder.writeInfo(clock === 0 ? CONTENT_ANY : CONTENT_ANY | HAS_ORIGIN);
    if (clock === 0) {
      encoder.writeParentInfo(true);
      encoder.writeString(rootName(writer));
    } else {
      encoder.writeLeftID(new Y.ID(writer, clock - 1));
    }
    encoder.writeLen(entries.length);
    for (const entry of entries) encoder.writeAny(entry);
  }
  encoder.writeLen(0);
  return encoder.toUint8Array();
}

function joinRuns(appended: readonly Appended[]): ReadonlyMap<WriterId, Omit<Appended, "writer">> {
  const byWriter = new Map<WriterId, { clock: number; entries: unknown[] }>();
  for (const { writer, clock, entries } of appended) {
    const joined = byWriter.get(writer);
    if (!joined) {
      byWriter.set(writer, { clock, entries: [...entries] });
      continue;
    }
    const known = joined.clock + joined.entries.length;
    for (let i = Math.max(0, known - clock); i < entries.length; i++)
      joined.entries.push(entries[i]);
  }
  return byWriter;
}

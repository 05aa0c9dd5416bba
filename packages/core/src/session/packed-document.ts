/**
 * A cold session's document: its bytes, packed, and the deltas that came since and wait to be folded.
 *
 * Not here: what they say (document.ts), and how one update is packed (packing.ts).
 */
import type { Bytes } from "../ids.js";
import { packUpdate, unpackUpdate } from "./packing.js";
import { RecordReader, RecordWriter, sizeOf } from "./record-bytes.js";

interface Parts {
  /** Whether the first part is the whole document, in format 2. */
  readonly hasBase: boolean;
  readonly deltaCount: number;
  /** Parts as they lie in a record: each with its length before it. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Deltas that came after those in `body`. */
  readonly added: readonly Uint8Array[];
}

const NO_BYTES = new Uint8Array(0);

/** See the file's comment. Never changed once made. */
export class PackedDocument {
  /** The document that holds nothing. */
  static readonly EMPTY: PackedDocument = new PackedDocument({
    hasBase: false,
    deltaCount: 0,
    body: NO_BYTES,
    added: [],
  });

  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** A document of one part, which is `update` in format 2; and how much that takes. */
  static of(update: Uint8Array): { packed: PackedDocument; bytes: Bytes } {
    const base = packUpdate(update);
    const body = new RecordWriter().number(base.length).raw(base).end().slice();
    const parts = { hasBase: true, deltaCount: 0, body, added: [] };
    return { packed: new PackedDocument(parts), bytes: base.length };
  }

  /** Reads what `write` wrote. */
  static read(reader: RecordReader): PackedDocument {
    const count = reader.number();
    const hasBase = count % 2 === 1;
    const body = reader.raw(reader.number());
    return new PackedDocument({ hasBase, deltaCount: count >>> 1, body, added: [] });
  }

  get deltaCount(): number {
    return this.#parts.deltaCount;
  }

  /** This document and one more delta, in format 1; and how much that takes. */
  with(delta: Uint8Array): { packed: PackedDocument; bytes: Bytes } {
    const packed = packUpdate(delta);
    const { deltaCount, added } = this.#parts;
    const parts = { ...this.#parts, deltaCount: deltaCount + 1, added: [...added, packed] };
    return { packed: new PackedDocument(parts), bytes: packed.length };
  }

  /** The whole document in format 2, if there is one, and what to apply to it, in format 1. */
  unpack(): { base: Uint8Array | undefined; deltas: Uint8Array[] } {
    const { hasBase, body, added } = this.#parts;
    const updates: Uint8Array[] = [];
    const reader = RecordReader.of(body);
    while (!reader.isAtEnd) updates.push(unpackUpdate(reader.view(reader.number())));
    updates.push(...added.map(unpackUpdate));
    return { base: hasBase ? updates.shift() : undefined, deltas: updates };
  }

  write(writer: RecordWriter): void {
    const { hasBase, deltaCount, body, added } = this.#parts;
    const length = added.reduce((sum, { length: each }) => sum + sizeOf(each) + each, body.length);
    writer
      .number(2 * deltaCount + Number(hasBase))
      .number(length)
      .raw(body);
    for (const delta of added) writer.number(delta.length).raw(delta);
  }
}

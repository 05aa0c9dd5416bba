/**
 * How a key's value lies in a session's document, so that the merge laws give it the meaning it has.
 *
 *   /v              the bytes of a string: a register (M2)
 *   /c/<base>       what INCR added to a string whose register says <base>: a counter (M8)
 *   /h/<field>      the bytes of a hash field: a register of its own (M1, M2, M3)
 *   /i/<field>/<base>  what HINCRBY added to it
 *   /m/<name>       a field of a blob that is taken apart: a register of its own
 *   /o              the names of its fields in their order, and its format
 *
 * A counter counts only as long as the register says the number that it was begun with: who sets the
 * register to another one has replaced the sum, and increments that he had not seen go with it.
 * <base> is empty where there was no register. What shows, string or hash, is what was written last
 * (M12).
 *
 * Not here: writing (record-operations.ts), which session it is (instances.ts), when it ends (key-ends.ts).
 */
import { type BlobFields, decodeOrder, joinBlob } from "./blobs/blob.js";
import { compareEntries, type View } from "session-mesh/records";

/** No register that can be counted from is longer. */
const BASE_BYTES_MAX = 20;

const INTEGER = /^-?\d+$/;

/** None. */
export const NO_FIELDS: ReadonlyMap<string, View> = new Map();

/** A register and the counter that counts from it. */
interface Cell {
  readonly register: View | undefined;
  readonly sum: View | undefined;
}

function cellOf(register: View | undefined, sums: View | undefined): Cell | undefined {
  const base = sums && baseOf(register);
  const sum = base === undefined ? undefined : sums?.fields.get(base);
  const counted = sum?.counter ? sum : undefined;
  return register || counted ? { register, sum: counted } : undefined;
}

/** The name of the counter that counts from a register; undefined for one that is no integer. */
export function baseOf(register: View | undefined): string | undefined {
  const bytes = registerBytes(register);
  if (!bytes) return register ? undefined : "";
  const text = bytes.length > BASE_BYTES_MAX ? "" : textOf(bytes);
  return INTEGER.test(text) ? text : undefined;
}

/** The bytes in a register. */
export function registerBytes(register: View | undefined): Uint8Array | undefined {
  const own = register?.own;
  return own?.kind === "scalar" && own.value instanceof Uint8Array ? own.value : undefined;
}

function bytesOfCell({ register, sum }: Cell): Uint8Array | undefined {
  const bytes = registerBytes(register);
  if (!sum?.counter) return bytes;
  const base = bytes ? BigInt(textOf(bytes)) : 0n;
  return Buffer.from((base + BigInt(Math.trunc(sum.counter.value))).toString(), "latin1");
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** A blob that is taken apart. */
interface Parts {
  readonly order: View;
  readonly parts: View | undefined;
}

/** What shows in a document, read from its root. */
export class RecordContent {
  readonly #root: View;
  readonly #cell: Cell | undefined;
  readonly #parts: Parts | undefined;
  #blob: BlobFields | undefined;

  private constructor(root: View, shown: { cell?: Cell; parts?: Parts }) {
    this.#root = root;
    this.#cell = shown.cell;
    this.#parts = shown.parts;
  }

  /** Undefined where nothing shows. */
  static of(root: View | undefined): RecordContent | undefined {
    if (!root) return undefined;
    const { fields } = root;
    const cell = cellOf(fields.get("v"), fields.get("c"));
    // Most keys are strings, and nothing else.
    if (cell && fields.size === 1) return new RecordContent(root, { cell });
    const order = fields.get("o");
    const parts = order && { order, parts: fields.get("m") };
    const content = new RecordContent(root, {});
    const hash = content.#isHash ? latestOf(fields.get("h"), fields.get("i")) : undefined;
    const whole = cell && latestOf(cell.register, cell.sum);
    const blob = parts && latestOf(parts.order, parts.parts);
    const latest = latestOf(latestOf(hash, whole), blob);
    if (!latest) return undefined;
    if (latest === hash) return content;
    return new RecordContent(
      root,
      latest === whole && cell ? { cell } : { ...(parts && { parts }) },
    );
  }

  get type(): "string" | "hash" {
    return this.#cell || this.#parts ? "string" : "hash";
  }

  get bytes(): Uint8Array | undefined {
    if (this.#cell) return bytesOfCell(this.#cell);
    const order = this.#order;
    const blob = this.blob;
    return order && blob && joinBlob(blob, order.format);
  }

  /** The fields of a blob that is taken apart: those it came with in their order, then others'. */
  get blob(): BlobFields | undefined {
    const order = this.#order;
    if (!order || this.#blob) return this.#blob;
    const views = this.#parts?.parts?.fields ?? NO_FIELDS;
    const fields = new Map<string, Uint8Array>();
    for (const name of new Set([...order.names, ...views.keys()])) {
      const bytes = registerBytes(views.get(name));
      if (bytes) fields.set(name, bytes);
    }
    this.#blob = fields;
    return fields;
  }

  get #order(): ReturnType<typeof decodeOrder> {
    const bytes = registerBytes(this.#parts?.order);
    return bytes && decodeOrder(bytes);
  }

  get fieldCount(): number {
    if (this.type === "string") return 0;
    const sums = this.#root.fields.get("i");
    return sums ? this.fields().length : (this.#hash?.fields.size ?? 0);
  }

  get #isHash(): boolean {
    const { fields } = this.#root;
    if (!fields.has("h") && !fields.has("i")) return false;
    return fields.has("i") ? this.fields().length > 0 : (this.#hash?.fields.size ?? 0) > 0;
  }

  field(name: string): Uint8Array | undefined {
    if (this.type === "string") return undefined;
    const cell = cellOf(this.#hash?.fields.get(name), this.#root.fields.get("i")?.fields.get(name));
    return cell && bytesOfCell(cell);
  }

  fields(): [name: string, value: Uint8Array][] {
    if (this.type === "string") return [];
    const fields: [string, Uint8Array][] = [];
    const sums = this.#root.fields.get("i")?.fields ?? NO_FIELDS;
    for (const [name, register] of this.#hash?.fields ?? NO_FIELDS) {
      const cell = cellOf(register, sums.get(name));
      const bytes = cell && bytesOfCell(cell);
      if (bytes) fields.push([name, bytes]);
    }
    for (const [name, sum] of sums) {
      const cell = this.#hash?.fields.has(name) ? undefined : cellOf(undefined, sum);
      const bytes = cell && bytesOfCell(cell);
      if (bytes) fields.push([name, bytes]);
    }
    return fields;
  }

  get #hash(): View | undefined {
    return this.#root.fields.get("h");
  }
}

function latestOf(a: View | undefined, b: View | undefined): View | undefined {
  if (!a || !b) return a ?? b;
  return compareEntries(a.latest, b.latest) >= 0 ? a : b;
}

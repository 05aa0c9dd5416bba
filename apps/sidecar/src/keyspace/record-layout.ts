/**
 * How a key's value lies in a session's document, so that the merge laws give it the meaning it has.
 *
 *   /v              the bytes of a string: a register (M2)
 *   /c/<base>       what INCR added to a string whose register says <base>: a counter (M8)
 *   /h/<field>      the bytes of a hash field: a register of its own (M1, M2, M3)
 *   /i/<field>/<base>  what HINCRBY added to it
 *
 * A counter counts only as long as the register says the number that it was begun with: who sets the
 * register to another one has replaced the sum, and increments that he had not seen go with it.
 * <base> is empty where there was no register. What shows, string or hash, is what was written last
 * (M12).
 *
 * Not here: which session it is (instances.ts), and when it ends (mesh-key.ts).
 */
import { compareEntries, fieldKey, type Operation, type View } from "session-mesh/records";

const VALUE_KEY = fieldKey("", "v");
const SUMS_KEY = fieldKey("", "c");
const FIELDS_KEY = fieldKey("", "h");
const FIELD_SUMS_KEY = fieldKey("", "i");

/** No register that can be counted from is longer. */
const BASE_BYTES_MAX = 20;

/** The largest sum that a counter adds up exactly. */
const SUM_MAX = BigInt(Number.MAX_SAFE_INTEGER);

const INTEGER = /^-?\d+$/;

const NO_FIELDS: ReadonlyMap<string, View> = new Map();

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
function baseOf(register: View | undefined): string | undefined {
  const bytes = registerBytes(register);
  if (!bytes) return register ? undefined : "";
  const text = bytes.length > BASE_BYTES_MAX ? "" : textOf(bytes);
  return INTEGER.test(text) ? text : undefined;
}

function registerBytes(register: View | undefined): Uint8Array | undefined {
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

/** What shows in a document, read from its root. */
export class RecordContent {
  readonly #root: View;
  readonly #cell: Cell | undefined;

  private constructor(root: View, cell: Cell | undefined) {
    this.#root = root;
    this.#cell = cell;
  }

  /** Undefined where nothing shows. */
  static of(root: View | undefined): RecordContent | undefined {
    if (!root) return undefined;
    const cell = cellOf(root.fields.get("v"), root.fields.get("c"));
    const content = new RecordContent(root, undefined);
    const hash = latestOf(content.#hash, root.fields.get("i"));
    const isHash = hash !== undefined && content.fieldCount > 0;
    if (!cell) return isHash ? content : undefined;
    const string = latestOf(cell.register, cell.sum) as View;
    if (isHash && compareEntries(hash.latest, string.latest) > 0) return content;
    return new RecordContent(root, cell);
  }

  get type(): "string" | "hash" {
    return this.#cell ? "string" : "hash";
  }

  get bytes(): Uint8Array | undefined {
    return this.#cell && bytesOfCell(this.#cell);
  }

  get fieldCount(): number {
    if (this.#cell) return 0;
    const sums = this.#root.fields.get("i");
    return sums ? this.fields().length : (this.#hash?.fields.size ?? 0);
  }

  field(name: string): Uint8Array | undefined {
    if (this.#cell) return undefined;
    const cell = cellOf(this.#hash?.fields.get(name), this.#root.fields.get("i")?.fields.get(name));
    return cell && bytesOfCell(cell);
  }

  fields(): [name: string, value: Uint8Array][] {
    if (this.#cell) return [];
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

/** The operations that make the string `bytes` of whatever is there; `bytes` is kept. */
export function setBytesOperations(root: View | undefined, bytes: Uint8Array): Operation[] {
  const operations: Operation[] = [];
  for (const [name, view] of root?.fields ?? NO_FIELDS) {
    if (name !== "v") clear(view, operations);
  }
  operations.push({ kind: "set", key: VALUE_KEY, content: { kind: "scalar", value: bytes } });
  return operations;
}

/** The operations that set a hash field; `bytes` is kept. */
export function setFieldOperations(
  root: View | undefined,
  name: string,
  bytes: Uint8Array,
): Operation[] {
  const operations: Operation[] = [];
  const sums = root?.fields.get("i")?.fields.get(name);
  if (sums) clear(sums, operations);
  const key = fieldKey(FIELDS_KEY, name);
  operations.push({ kind: "set", key, content: { kind: "scalar", value: bytes } });
  return operations;
}

/** The operations that delete a hash field. */
export function deleteFieldOperations(root: View, name: string): Operation[] {
  const operations: Operation[] = [];
  for (const part of ["h", "i"]) {
    const view = root.fields.get(part)?.fields.get(name);
    if (view) clear(view, operations);
  }
  return operations;
}

/** The operations that empty a document. */
export function emptyOperations(root: View | undefined): Operation[] {
  const operations: Operation[] = [];
  if (root) for (const view of root.fields.values()) clear(view, operations);
  return operations;
}

/**
 * The operations that add to the integer of a string, or of `field`; undefined where the sum would
 * leave what counters add up exactly: then the result has to be set.
 */
export function addOperations(
  root: View | undefined,
  by: bigint,
  field: string | undefined,
): Operation[] | undefined {
  const isString = field === undefined;
  const register = isString ? root?.fields.get("v") : root?.fields.get("h")?.fields.get(field);
  const sums = isString ? root?.fields.get("c") : root?.fields.get("i")?.fields.get(field);
  const base = baseOf(register);
  if (base === undefined || by === 0n) return undefined;
  const sum = BigInt(Math.trunc(sums?.fields.get(base)?.counter?.value ?? 0)) + by;
  if (sum > SUM_MAX || sum < -SUM_MAX || by > SUM_MAX || by < -SUM_MAX) return undefined;
  const parent = isString ? SUMS_KEY : fieldKey(FIELD_SUMS_KEY, field);
  return [{ kind: "increment", key: fieldKey(parent, base), by: Number(by) }];
}

/** Deletes what is seen at and beneath a path, counters by raising their floors. */
function clear(view: View, operations: Operation[]): void {
  if (view.own) operations.push({ kind: "clear", key: view.key });
  for (const field of view.fields.values()) clear(field, operations);
  for (const cell of view.counter?.cells ?? []) {
    operations.push({ kind: "floor", key: view.key, ...cell });
  }
}

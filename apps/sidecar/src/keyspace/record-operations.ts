/**
 * What commands do to a key's value, as operations on its document.
 *
 * Not here: what lies where, and how it is read (record-layout.ts).
 */
import { fieldKey, type Operation, type View } from "session-mesh/records";
import { type BlobFields, type BlobFormat, encodeOrder } from "./blobs/blob.js";
import { baseOf, NO_FIELDS, RecordContent, registerBytes } from "./record-layout.js";

const VALUE_KEY = fieldKey("", "v");
const SUMS_KEY = fieldKey("", "c");
const FIELDS_KEY = fieldKey("", "h");
const FIELD_SUMS_KEY = fieldKey("", "i");
const PARTS_KEY = fieldKey("", "m");
const ORDER_KEY = fieldKey("", "o");

/** The largest sum that a counter adds up exactly. */
const SUM_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** The operations that make the string `bytes` of whatever is there, none where it is so; `bytes` is kept. `known` are the bytes that show now. */
export function setBytesOperations(
  root: View | undefined,
  bytes: Uint8Array,
  known: Uint8Array | undefined,
): Operation[] {
  if (isSame(known, bytes)) return [];
  const operations: Operation[] = [];
  for (const [name, view] of root?.fields ?? NO_FIELDS) {
    if (name !== "v") clear(view, operations);
  }
  operations.push({ kind: "set", key: VALUE_KEY, content: { kind: "scalar", value: bytes } });
  return operations;
}

/** What a client makes of a blob that is taken apart. */
export interface BlobWrite {
  readonly format: BlobFormat;
  readonly fields: BlobFields;
  /** What it had read; what is there, where it had read nothing. */
  readonly base: BlobFields | undefined;
}

/** The operations that write the fields of a blob that differ from what their writer had read. */
export function setBlobOperations(
  root: View | undefined,
  { format, fields, base }: BlobWrite,
): Operation[] {
  const operations: Operation[] = [];
  const shown = RecordContent.of(root)?.blob;
  for (const [name, view] of root?.fields ?? NO_FIELDS) {
    if (name !== "m" && name !== "o") clear(view, operations);
  }
  const from = shown && (base ?? shown);
  for (const [name, value] of fields) {
    if (isSame(from?.get(name), value)) continue;
    const key = fieldKey(PARTS_KEY, name);
    const content = { kind: "scalar", value: new Uint8Array(value) } as const;
    operations.push({ kind: "set", key, content });
  }
  const parts = root?.fields.get("m")?.fields ?? NO_FIELDS;
  for (const [name, view] of parts) {
    const isDropped = !fields.has(name) && (from === undefined || from.has(name));
    if (isDropped) clear(view, operations);
  }
  const known = registerBytes(root?.fields.get("o"));
  const order = encodeOrder(fields.keys(), format);
  const isOther = !isSame(known, order);
  if (isOther && (operations.length > 0 || !shown)) {
    operations.push({ kind: "set", key: ORDER_KEY, content: { kind: "scalar", value: order } });
  }
  return operations;
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && Buffer.compare(a, b) === 0;
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

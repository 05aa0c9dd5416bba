/**
 * What a response that is held shows of its state in Node's place.
 *
 * The accessors are the same functions for all responses. One of its own would become part of a
 * response's hidden class, which keeps it, and with it the whole request, until a full collection.
 *
 * Not here: holding (hold-response.ts).
 */
import type { ServerResponse } from "node:http";

/** What is shown. */
export type Shadow = Pick<ServerResponse, "writableEnded" | "writableLength" | "writableNeedDrain">;

const SHADOW: unique symbol = Symbol("held by session-mesh");

interface Shadowed {
  [SHADOW]?: Shadow | undefined;
}

const ACCESSORS: readonly (readonly [keyof Shadow, PropertyDescriptor])[] = [
  ["writableEnded", { configurable: true, get: writableEnded }],
  ["writableLength", { configurable: true, get: writableLength }],
  ["writableNeedDrain", { configurable: true, get: writableNeedDrain }],
];

/** Undone in this order a response gets its former hidden class back. */
const REVERSED: readonly (keyof Shadow)[] = ACCESSORS.map(([name]) => name).reverse();

/** Shows `shown` until {@link unshadow}. */
export function shadow(res: ServerResponse & Shadowed, shown: Shadow): void {
  res[SHADOW] = shown;
  for (const [name, accessor] of ACCESSORS) Object.defineProperty(res, name, accessor);
}

/** Shows the response's own state again. */
export function unshadow(res: ServerResponse & Shadowed): void {
  for (const name of REVERSED) Reflect.deleteProperty(res, name);
  res[SHADOW] = undefined;
}

function writableEnded(this: Shadowed): boolean | undefined {
  return this[SHADOW]?.writableEnded;
}

function writableLength(this: Shadowed): number | undefined {
  return this[SHADOW]?.writableLength;
}

function writableNeedDrain(this: Shadowed): boolean | undefined {
  return this[SHADOW]?.writableNeedDrain;
}

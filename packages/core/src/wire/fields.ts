/**
 * The fields of untrusted messages: each reader returns a value of the shape it promises, or throws
 * {@link Malformed}, which only validate.ts catches.
 *
 * Not here: whole messages (validate.ts) and items (validate-items.ts).
 */
import { type Hlc, isHlc, type Stamp } from "../hlc.js";
import {
  isNodeId,
  isSessionId,
  isWriterId,
  type NodeId,
  type SessionId,
  type WriterId,
} from "../ids.js";

/** Longest address, detail or field name in a message. */
const TEXT_LENGTH_MAX = 1_024;

/** An untrusted value did not have the shape that its message needs. */
export class Malformed extends Error {}

/** A version vector: sorted pairs of writer and count. */
export function vector(value: unknown): readonly number[] {
  const flat = counts(value, "vector");
  if (flat.length % 2 !== 0) throw new Malformed("a version vector has pairs");
  for (let i = 0; i < flat.length; i += 2) {
    const isAscending = i === 0 || (flat[i] as number) > (flat[i - 2] as number);
    if (!isWriterId(flat[i]) || !isAscending) throw new Malformed("a version vector is sorted");
    // Nothing counted 0 times: two copies that say the same must be the same.
    if (flat[i + 1] === 0) throw new Malformed("a version vector counts from 1");
  }
  return flat;
}

/** A stamp; that of nobody, 0 by 0, is allowed, since joins other than `last` have none. */
export function stamp(hlcValue: unknown, writerValue: unknown): Stamp {
  if (hlcValue === 0 && writerValue === 0) return { hlc: 0 as Hlc, writer: 0 as WriterId };
  return { hlc: hlc(hlcValue), writer: writer(writerValue) };
}

/** Whether a field is there. */
export const isPresent = (value: unknown): boolean => value !== null && value !== undefined;

/** Whether `value` is an integer from 0. */
export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** An array. */
export function array(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Malformed(`${what} must be an array`);
  return value;
}

/** An integer from 0. */
export function count(value: unknown, what: string): number {
  if (!isCount(value)) throw new Malformed(`${what} must be an integer from 0`);
  return value;
}

/** An array of integers from 0. */
export function counts(value: unknown, what: string): readonly number[] {
  return array(value, what).map((each) => count(each, what));
}

/** Milliseconds, finite and from 0. */
export function time(value: unknown, what: string): number {
  const isTime = typeof value === "number" && Number.isFinite(value) && value >= 0;
  if (!isTime) throw new Malformed(`${what} must be a time in milliseconds`);
  return value;
}

/** A text of bounded length. */
export function text(value: unknown, what: string): string {
  const isText = typeof value === "string" && value.length <= TEXT_LENGTH_MAX;
  if (!isText) throw new Malformed(`${what} must be a text of at most ${TEXT_LENGTH_MAX}`);
  return value;
}

/** Bytes. */
export function bytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Malformed("an update must be bytes");
  return value;
}

/** A session id. */
export function session(value: unknown): SessionId {
  if (!isSessionId(value)) throw new Malformed("not a session id");
  return value;
}

/** A node id. */
export function node(value: unknown): NodeId {
  if (!isNodeId(value)) throw new Malformed("not a node id");
  return value;
}

/** A writer id. */
export function writer(value: unknown): WriterId {
  if (!isWriterId(value)) throw new Malformed("not a writer id");
  return value;
}

/** A clock. */
export function hlc(value: unknown): Hlc {
  if (!isHlc(value)) throw new Malformed("not a hybrid logical clock");
  return value;
}

/**
 * The branded names and units that the whole core speaks.
 *
 * Not here: how ids are made. Session ids are hashed at the door by the shell; random ones are
 * drawn from the generator that is handed in.
 */
declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** The name of a node, unique in its cluster: 1 to 64 characters. */
export type NodeId = Branded<string, "NodeId">;

/** The keyed hash of a session's raw id: 22 characters of base64url, 128 bits. Raw ids never enter core. */
export type SessionId = Branded<string, "SessionId">;

/** A process incarnation as the author of writes: a random integer below 2^53, also Yjs' clientID. */
export type WriterId = Branded<number, "WriterId">;

/** One transport connection, named by the shell; never used again after it closed. */
export type LinkId = Branded<number, "LinkId">;

/** Milliseconds: of wall clock since 1970, or of duration. */
export type Millis = number;

/** A count of bytes. */
export type Bytes = number;

/** The number of characters in a {@link SessionId}. */
export const SESSION_ID_LENGTH = 22;

const SESSION_ID = /^[A-Za-z0-9_-]{22}$/;

/** Whether `value` has the form of a {@link SessionId}. */
export function isSessionId(value: unknown): value is SessionId {
  return typeof value === "string" && SESSION_ID.test(value);
}

/** Whether `value` can be a {@link WriterId}. */
export function isWriterId(value: unknown): value is WriterId {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** Whether `value` has the form of a {@link NodeId}. */
export function isNodeId(value: unknown): value is NodeId {
  return typeof value === "string" && value.length > 0 && value.length <= 64;
}

/** How many partitions the sessions are divided into, by the first bits of their ids. */
export const PARTITION_COUNT = 256;

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The partition of a session, in [0, {@link PARTITION_COUNT}). */
export function partitionOf(session: SessionId): number {
  const high = BASE64URL.indexOf(session.charAt(0));
  return (high << 2) | (BASE64URL.indexOf(session.charAt(1)) >> 4);
}

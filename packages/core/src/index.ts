/**
 * @session-mesh/core: the session-mesh protocol as a state machine without clock, socket or disk.
 *
 * A {@link Replica} is a pure function of its seed and its ordered inputs: links, frames, timers and
 * local calls go in; sends, timers, settled tickets and events come out through a {@link Runtime}.
 * `session-mesh` runs it on real sockets, `@session-mesh/sim` under virtual time.
 */
export { assert, InvariantError } from "./assert.js";
export { DEFAULT_LIMITS, type Durability, type Limits, type ReplicaConfig } from "./config.js";
export type { WantedRevisions } from "./antientropy/freshness.js";
export type { Event, EventBody, Law, MemberState, RefusalCode } from "./events.js";
export type { WantedAcks } from "./gossip/acks.js";
export { type Hlc, hlcFromMillis, hlcToMillis, type Stamp } from "./hlc.js";
export {
  type Bytes,
  isSessionId,
  type LinkId,
  type Millis,
  type NodeId,
  PARTITION_COUNT,
  type SessionId,
  type WriterId,
} from "./ids.js";
export type { InspectedCopy, Inspection } from "./inspection.js";
export type {
  Birth,
  CommitResult,
  LocalCommit,
  LocalDestroy,
  LookResult,
  ReadResult,
  SessionDescription,
} from "./local-sessions.js";
export type { DialFailure, Refusal } from "./membership/refusals.js";
export { createPrng, type Prng } from "./prng.js";
export { Replica } from "./replica.js";
export type {
  AckOutcome,
  DrainOutcome,
  FreshnessOutcome,
  Outcome,
  PullOutcome,
  Runtime,
  StorageBatch,
  StoredOutcome,
  StoredRecord,
  Ticket,
  Timer,
} from "./runtime.js";
export {
  advance,
  atomic,
  type Base,
  declareCounter,
  diff,
  type DiffLimits,
  type JsonObject,
  type JsonValue,
  type Operation,
  resetCounter,
  type Snapshot,
  UnsupportedValueError,
} from "./session/document.js";
export { compareEntries } from "./session/entry.js";
export { sizeOfView } from "./session/equality.js";
export { fieldKey } from "./session/keys.js";
export type { Content } from "./session/values.js";
export type { View } from "./session/view.js";
export { beyond, dominates, joinVectors } from "./session/version-vector.js";
export type { Item, ShellFields, VersionVector } from "./session-state.js";
export type { Unshared } from "./sharing.js";
export type { Restored } from "./storage/storage.js";
export type { MemberStatus, ReplicaStatus } from "./status.js";
export { encodeMessage } from "./wire/codec.js";
export { type Message, PROTOCOL_MAX, PROTOCOL_MIN } from "./wire/messages.js";
export { sealRecord } from "./wire/record.js";
export { decodeFrame } from "./wire/validate.js";

/**
 * session-mesh: HTTP sessions shared by app servers, with no server to run.
 *
 * `createMesh` starts a node; `session-mesh/express` puts its sessions on `req.session`.
 */
export {
  type AckOutcome,
  atomic,
  type Bytes,
  DEFAULT_LIMITS,
  type DrainOutcome,
  type Event,
  type EventBody,
  type Law,
  type Limits,
  type MemberState,
  type MemberStatus,
  type Millis,
  type RefusalCode,
  type ReplicaStatus,
  type SessionId,
  type StorageBatch,
  type StoredRecord,
  type Unshared,
  UnsupportedValueError,
  type VersionVector,
} from "@session-mesh/core";
export type { CounterHandle } from "./counter-handle.js";
export { createMesh } from "./create-mesh.js";
export type { DiscoveryOptions } from "./discovery.js";
export { type Door, type DrainOnSignalOptions, drainOnSignal } from "./drain-on-signal.js";
export { liveness, type ProbeHandler, readiness } from "./http-probes.js";
export type { CloseOptions, Mesh } from "./mesh.js";
export { MeshError, type MeshErrorCode } from "./mesh-error.js";
export type { ListenOptions, MeshOptions } from "./options.js";
export type { Readiness } from "./readiness.js";
export type {
  AckResult,
  CommitOptions,
  CommitOutcome,
  DestroyOptions,
  SessionHandle,
} from "./session-handle.js";
export type { LoadOptions, LoadResult, OpenResult, Sessions, Staleness } from "./sessions.js";
export type { DialTls, ListenTls } from "./tls-options.js";
export type { RevokeOptions, RevokeResult, UserSession } from "./user-sessions.js";
export { createMemoryStorage } from "./storage/memory.js";
export type { OpenStorage, SessionStorage } from "./storage/session-storage.js";
export { createMemoryNetwork, type MemoryNetwork } from "./transports/memory.js";
export type {
  Closing,
  Connection,
  ConnectionListener,
  Dial,
  Transport,
} from "./transports/transport.js";

/**
 * session-mesh/records: what front doors for other languages are made of, such as the sidecar's Redis
 * protocol. Applications want `session-mesh` itself.
 */
export {
  beyond,
  type Birth,
  type CommitResult,
  compareEntries,
  type Content,
  fieldKey,
  type FreshnessOutcome,
  joinVectors,
  type LocalCommit,
  type LocalDestroy,
  type LookResult,
  type Operation,
  PARTITION_COUNT,
  sizeOfView,
  type View,
  type WantedAcks,
} from "@session-mesh/core";
export { RecentMap } from "./recent-map.js";
export type { SessionRecords } from "./session-records.js";
export { isTokenName, type TokenCookie, TokenSlots } from "./adapters/token-slots.js";
export { type IssuedTokens, type Shown, VersionTokens } from "./adapters/version-tokens.js";

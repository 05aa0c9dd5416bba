/**
 * What a replica keeps incrementally, compared with what it is afresh: for simulations and tests.
 *
 * Linear in everything held, and every session is encoded for it, so nothing that production runs
 * calls this. Nothing changes, but that deltas which waited on a cold session are folded.
 */
import { PartitionSums } from "./antientropy/partition-sums.js";
import type { ReplicaConfig } from "./config.js";
import { type Bytes, PARTITION_COUNT, type SessionId } from "./ids.js";
import type { Parts } from "./parts.js";
import type { StateItem } from "./session-state.js";
import { SessionDocument } from "./session/document.js";
import { type Digest, SessionDigester } from "./session/fingerprint.js";
import { vectorFromMap } from "./session/version-vector.js";

/** One copy of a session, or its tombstone. */
export interface InspectedCopy {
  /** Equal for equal copies. */
  readonly digest: string;
  /** What its document takes when it is sent; 0 for a tombstone. */
  readonly bytes: Bytes;
}

/** What an inspection found. */
export interface Inspection {
  /** Everything held, tombstones included. */
  readonly copies: ReadonlyMap<SessionId, InspectedCopy>;
  /** What is not as it would be if it were made afresh, a line each. */
  readonly faults: readonly string[];
}

/** Looks at everything held. */
export function inspect({ digestKey }: ReplicaConfig, { table, sums }: Parts): Inspection {
  const digester = new SessionDigester(digestKey);
  const fresh = new PartitionSums();
  const copies = new Map<SessionId, InspectedCopy>();
  const faults: string[] = [];
  for (let partition = 0; partition < PARTITION_COUNT; partition++) {
    for (const { session, digest } of table.elementsOf(partition)) {
      const item = table.toItem(session);
      const anew = item?.kind === "state" ? digestAfresh(digester, item) : digest;
      fresh.change(session, undefined, anew);
      const bytes = item?.kind === "state" ? item.update.length : 0;
      copies.set(session, { digest: textOf(digest), bytes });
      if (textOf(anew) !== textOf(digest)) faults.push(`the digest of ${session}`);
    }
  }
  const differing = fresh.differing(sums.toArray());
  if (differing.length > 0) faults.push(`the sums of partitions ${differing.join()}`);
  if (fresh.count !== sums.count) faults.push(`the count, ${sums.count} for ${fresh.count}`);
  const counted = [...table.sessions()].reduce((bytes, held) => bytes + held.countedBytes, 0);
  if (counted !== table.counts.bytes) {
    faults.push(`the bytes, ${table.counts.bytes} for ${counted}`);
  }
  return { copies, faults };
}

/** The digest of a session by what it would be sent as. */
function digestAfresh(digester: SessionDigester, { session, update, envelope }: StateItem): Digest {
  const document = SessionDocument.hydrate(session, update);
  const vector = vectorFromMap(document.stateVector);
  document.destroy();
  return digester.ofSession(session, vector, envelope);
}

function textOf({ a, b }: Digest): string {
  return a.toString(16).padStart(8, "0") + b.toString(16).padStart(8, "0");
}

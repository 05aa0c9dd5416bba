/**
 * What a replica keeps incrementally, compared with what it is afresh: for simulations and tests.
 *
 * Linear in everything held, and every session is encoded for it, so nothing that production runs
 * calls this. Nothing changes, but that deltas which waited on a cold session are folded.
 */
import { PartitionSums } from "./antientropy/partition-sums.js";
import type { ReplicaConfig } from "./config.js";
import { PARTITION_COUNT, type SessionId } from "./ids.js";
import type { Parts } from "./parts.js";
import { SessionDocument } from "./session/document.js";
import { type Digest, SessionDigester } from "./session/fingerprint.js";
import { vectorFromMap } from "./session/version-vector.js";

/** What an inspection found. */
export interface Inspection {
  /** By session, tombstones included: equal for equal copies. */
  readonly digests: ReadonlyMap<SessionId, string>;
  /** What is not as it would be if it were made afresh, a line each. */
  readonly faults: readonly string[];
}

/** Looks at everything held. */
export function inspect({ digestKey }: ReplicaConfig, { table, sums }: Parts): Inspection {
  const digester = new SessionDigester(digestKey);
  const fresh = new PartitionSums();
  const digests = new Map<SessionId, string>();
  const faults: string[] = [];
  for (let partition = 0; partition < PARTITION_COUNT; partition++) {
    for (const { session, digest } of table.elementsOf(partition)) {
      const anew = digestAfresh(table, digester, session) ?? digest;
      fresh.change(session, undefined, anew);
      digests.set(session, textOf(digest));
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
  return { digests, faults };
}

/** The digest of a session by what it would be sent as; undefined for a tombstone. */
function digestAfresh(
  table: Parts["table"],
  digester: SessionDigester,
  session: SessionId,
): Digest | undefined {
  const item = table.toItem(session);
  if (item?.kind !== "state") return undefined;
  const document = SessionDocument.hydrate(session, item.update);
  const vector = vectorFromMap(document.stateVector);
  document.destroy();
  return digester.ofSession(session, vector, item.envelope);
}

function textOf({ a, b }: Digest): string {
  return a.toString(16).padStart(8, "0") + b.toString(16).padStart(8, "0");
}

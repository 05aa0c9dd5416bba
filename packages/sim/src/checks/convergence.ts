/**
 * Whether all nodes are equal: the same fingerprint, the same plain data, the same idea of who is
 * there.
 *
 * Not here: whether what they agree on is right (checkers.ts).
 */
import type { JsonValue, ReadResult, ReplicaStatus, SessionId } from "@session-mesh/core";

/** What is looked at of a replica. */
export interface ComparedReplica {
  status(): Pick<ReplicaStatus, "members" | "seq" | "fingerprint">;
  read(session: SessionId): ReadResult;
}

/** A node, in this process or as a picture of one elsewhere. */
export interface ComparedNode {
  readonly machine: string;
  readonly node: string;
  readonly replica: Pick<ComparedReplica, "status">;
  input<T>(run: (replica: ComparedReplica) => T): T;
}

/** What is compared. */
export interface Comparison {
  /** Each node drops in its own time what has expired, and fingerprints differ meanwhile. */
  readonly arePrintsCompared?: boolean;
}

/** What two nodes do not agree on; undefined when all agree. */
export function difference(
  runs: readonly ComparedNode[],
  sessions: Iterable<SessionId>,
  { arePrintsCompared = true }: Comparison = {},
): string | undefined {
  return (
    differenceOfMembers(runs) ??
    (arePrintsCompared ? differenceOfPrints(runs) : undefined) ??
    differenceOfValues(runs, sessions)
  );
}

function differenceOfMembers(runs: readonly ComparedNode[]): string | undefined {
  for (const run of runs) {
    const { members, seq } = run.replica.status();
    for (const other of runs) {
      if (other === run) continue;
      const seen = members.find((member) => member.node === other.node);
      if (seen?.state !== "alive" || !seen.isLinked) {
        return `${run.machine} sees ${other.node} as ${seen?.state ?? "nobody"}`;
      }
      if (seen.ackedSeq !== seq) return `${other.machine} has not confirmed ${run.machine}`;
    }
  }
  return undefined;
}

function differenceOfPrints(runs: readonly ComparedNode[]): string | undefined {
  const prints = runs.map((run) => `${run.machine}=${run.replica.status().fingerprint}`);
  const distinct = new Set(prints.map((print) => print.slice(print.indexOf("="))));
  return distinct.size > 1 ? `fingerprints differ: ${prints.join(" ")}` : undefined;
}

function differenceOfValues(
  runs: readonly ComparedNode[],
  sessions: Iterable<SessionId>,
): string | undefined {
  for (const session of sessions) {
    const seen = runs.map((run) => {
      const result = run.input((replica) => replica.read(session));
      if (result.status === "found") return `${canonical(result.value)} ${surroundings(result)}`;
      // What has expired is dropped by each in its own time.
      return result.status === "expired" ? "absent" : result.status;
    });
    if (new Set(seen).size === 1) continue;
    return `${session} differs: ${runs.map((run, i) => `${run.machine}=${seen[i]}`).join(" ")}`;
  }
  return undefined;
}

/** What no value shows: touches, and writes that changed nothing a reader sees. */
function surroundings(found: Extract<ReadResult, { status: "found" }>): string {
  const { revisions, idleMs, expiresAtMs, absoluteExpiresAtMs } = found;
  return `${revisions.join()} until ${expiresAtMs} idle ${idleMs} at most ${absoluteExpiresAtMs}`;
}

/** A text that is equal for equal values. */
export function canonical(value: JsonValue): string {
  if (value instanceof Uint8Array) return `bytes(${value.join()})`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(",")}}`;
}

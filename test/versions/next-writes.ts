/**
 * Nodes of the made-up next version in scenarios: what they write, and who holds it.
 */
import { decodeFrame } from "@session-mesh/core";
import {
  CODES,
  marksInBytes,
  nextCommit,
  type NextFields,
  nextFieldsIn,
  type Scenario,
  sessionIdOf,
} from "@session-mesh/sim";

/** Commits entries of unknown kinds, and fields where given, on a node of the next version. */
export function writeNext(
  mesh: Scenario,
  place: { readonly node: string; readonly session: string },
  news: { readonly mark?: string; readonly fields?: NextFields },
): void {
  const commit = { ...nextCommit(news), birth: {} };
  const run = mesh.cluster.runOn(place.node);
  const result = run?.input((replica) => replica.commit(sessionIdOf(place.session), commit));
  if (result?.status !== "committed") throw new Error(`${place.node} wrote nothing`);
}

/** The fields of the next version that a node holds of a session. */
export function fieldsOn(mesh: Scenario, node: string, session: string): Partial<NextFields> {
  const described = mesh.cluster.runOn(node)?.replica.describe(sessionIdOf(session));
  return nextFieldsIn(described?.fields);
}

/** The marks in the copy that each node holds of a session, as it sends it when asked. */
export function marksOf(mesh: Scenario, session: string): Map<string, string[]> {
  const marks = new Map<string, string[]>();
  const before = mesh.network.onSend;
  mesh.network.onSend = (from, _to, frame) => {
    if (frame[1] !== CODES.pulled) return;
    const message = decodeFrame(frame);
    if (message.type !== "pulled" || message.item?.kind !== "state") return;
    marks.set(from.machine, marksInBytes(message.item.update));
  };
  for (const asker of mesh.cluster.names.slice(0, 2)) {
    mesh.pull(asker, session);
    mesh.run("20ms");
  }
  mesh.network.onSend = before;
  return marks;
}

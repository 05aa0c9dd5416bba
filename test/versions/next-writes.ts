/**
 * What a node of the made-up next version writes that this version does not know: fields of envelopes
 * with every join, entries with a payload of an unknown kind, and entries with an unknown kind of key.
 *
 * Its marks are texts that are looked for in the copies that nodes send: no reader of this version
 * shows them.
 */
import { decodeFrame, type Operation, type ShellFields } from "@session-mesh/core";
import { CODES, type Scenario, sessionIdOf } from "@session-mesh/sim";

/** The values of the fields that the next version keeps in an envelope. */
export interface NextFields {
  readonly max: number;
  readonly min: number;
  readonly or: boolean;
  readonly last: readonly unknown[];
}

/** A kind of payload that only the next version knows. */
const NEXT_PAYLOAD = 99;

/** Two entries that say `mark`, one of an unknown kind of payload, one of an unknown kind of key. */
function nextEntries(mark: string): Operation[] {
  const payload = [NEXT_PAYLOAD, `${mark}:payload;`, { deep: [1, null, true] }];
  return [
    { kind: "set", key: `/next-${mark}`, content: { kind: "scalar", value: payload } },
    { kind: "set", key: `/cart~*${mark}`, content: { kind: "scalar", value: `${mark}:key;` } },
  ] as unknown as Operation[];
}

/** Commits entries of unknown kinds, and fields where given, on a node of the next version. */
export function writeNext(
  mesh: Scenario,
  place: { readonly node: string; readonly session: string },
  news: { readonly mark?: string; readonly fields?: NextFields },
): void {
  const operations = news.mark === undefined ? [] : nextEntries(news.mark);
  const fields = news.fields && fieldsOf(news.fields);
  const commit = { operations, birth: {}, ...(fields && { fields }) };
  const run = mesh.cluster.runOn(place.node);
  const result = run?.input((replica) => replica.commit(sessionIdOf(place.session), commit));
  if (result?.status !== "committed") throw new Error(`${place.node} wrote nothing`);
}

function fieldsOf({ max, min, or, last }: NextFields): ShellFields {
  return new Map([
    ["next-max", { join: "max", value: max }],
    ["next-min", { join: "min", value: min }],
    ["next-or", { join: "or", value: or }],
    ["next-last", { join: "last", value: last }],
  ] as const);
}

/** The fields of the next version that a node holds of a session. */
export function fieldsOn(mesh: Scenario, node: string, session: string): Partial<NextFields> {
  const described = mesh.cluster.runOn(node)?.replica.describe(sessionIdOf(session));
  const fields = [...(described?.fields ?? [])];
  return Object.fromEntries(fields.map(([name, { value }]) => [name.slice("next-".length), value]));
}

/** The marks in the copy that each node holds of a session, as it sends it when asked. */
export function marksOf(mesh: Scenario, session: string): Map<string, string[]> {
  const marks = new Map<string, string[]>();
  const before = mesh.network.onSend;
  mesh.network.onSend = (from, _to, frame) => {
    if (frame[1] !== CODES.pulled) return;
    const message = decodeFrame(frame);
    if (message.type !== "pulled" || message.item?.kind !== "state") return;
    const text = Buffer.from(message.item.update).toString("latin1");
    marks.set(from.machine, [...text.matchAll(/[\w-]+:(?:key|payload);/g)].map(String).sort());
  };
  for (const asker of mesh.cluster.names.slice(0, 2)) {
    mesh.pull(asker, session);
    mesh.run("20ms");
  }
  mesh.network.onSend = before;
  return marks;
}

/** What {@link marksOf} finds of these marks. */
export function marksIn(marks: readonly string[]): string[] {
  return marks.flatMap((mark) => [`${mark}:key;`, `${mark}:payload;`]).sort();
}

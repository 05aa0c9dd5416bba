/**
 * What a node of the made-up next version writes that this version does not know: fields of envelopes
 * with every join, entries with a payload of an unknown kind, and entries with an unknown kind of key.
 *
 * Its marks are texts that are looked for in the copies that nodes send: no reader of this version
 * shows them.
 *
 * Not here: what such a node says on the wire (next-version.ts), and when it writes (unknown-things.ts).
 */
import type { LocalCommit, Operation, ShellFields } from "@session-mesh/core";

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

/** A change to a session that this version does not understand: entries, and fields where given. */
export function nextCommit(news: {
  readonly mark?: string | undefined;
  readonly fields?: NextFields | undefined;
}): LocalCommit {
  const operations = news.mark === undefined ? [] : nextEntries(news.mark);
  return news.fields ? { operations, fields: fieldsOf(news.fields) } : { operations };
}

function fieldsOf({ max, min, or, last }: NextFields): ShellFields {
  return new Map([
    ["next-max", { join: "max", value: max }],
    ["next-min", { join: "min", value: min }],
    ["next-or", { join: "or", value: or }],
    ["next-last", { join: "last", value: last }],
  ] as const);
}

/** The fields of the next version among those of an envelope. */
export function nextFieldsIn(fields: ShellFields | undefined): Partial<NextFields> {
  const named = [...(fields ?? [])].filter(([name]) => name.startsWith("next-"));
  return Object.fromEntries(named.map(([name, { value }]) => [name.slice("next-".length), value]));
}

/** The marks in the bytes of a copy, each with the kind of entry that says it. */
export function marksInBytes(update: Uint8Array): string[] {
  let text = "";
  for (const byte of update) text += String.fromCharCode(byte);
  return [...text.matchAll(/(?<![\w-])[\w-]{1,24}:(?:key|payload);/g)].map(String).sort();
}

/** What {@link marksInBytes} finds of these marks. */
export function marksIn(marks: readonly string[]): string[] {
  return marks.flatMap((mark) => [`${mark}:key;`, `${mark}:payload;`]).sort();
}

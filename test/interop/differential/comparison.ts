/**
 * Whether two servers' replies to one command are the same, byte for byte but for what Redis itself
 * leaves open: the order of sets and maps, what a random choice is, how a value is kept, and the
 * milliseconds of a life.
 *
 * Not here: differences that we know and stand by (differences.ts).
 */
import { encodeFrame, type Frame } from "../resp-frame.js";
import type { CommandStep } from "../transcript.js";

/** How far two servers' times may be apart: a busy machine lets one of them wait for seconds. */
const TTL_TOLERANCE_MS = 5_000;

const LIVES_MS: Readonly<Record<string, number>> = {
  TTL: 1_000,
  EXPIRETIME: 1_000,
  PTTL: 1,
  PEXPIRETIME: 1,
};
const UNORDERED = new Set(["KEYS", "HKEYS", "HVALS"]);
/** A choice by chance, or how a value happens to be kept. */
const RANDOM = new Set(["RANDOMKEY", "HRANDFIELD", "OBJECT"]);

/** The name of a step's command, in capitals. */
export function nameOf({ args }: CommandStep): string {
  return (args[0] ?? "").toUpperCase();
}

/** Whether `ours` is a reply that Redis might have given where it gave `theirs`. */
export function isSame(step: CommandStep, theirs: Frame, ours: Frame): boolean {
  const name = nameOf(step);
  const unitMs = LIVES_MS[name];
  if (unitMs !== undefined && isLife(theirs) && isLife(ours))
    return Math.abs(Number(theirs.text) - Number(ours.text)) * unitMs <= TTL_TOLERANCE_MS;
  if (RANDOM.has(name)) return shapeOf(theirs) === shapeOf(ours);
  return normal(name, theirs) === normal(name, ours);
}

function isLife({ type, text }: Frame): boolean {
  return type === ":" && Number(text) > 0;
}

/** A reply without what is random in it. */
function shapeOf({ type, text, items }: Frame): string {
  if (items) return `${type}[${items.map(shapeOf).join()}]`;
  return type === "-" ? `${type}${text}` : `${type}${text === null ? "null" : ""}`;
}

/** A reply as bytes, what has no order in an order. */
function normal(name: string, frame: Frame): string {
  const { items } = frame;
  if (!items) return encodeFrame(frame);
  if (name === "HELLO") return encodeFrame({ ...frame, items: items.map(withoutIdentity) });
  if (UNORDERED.has(name)) return sorted(frame, 1);
  if (name === "HGETALL") return sorted(frame, 2);
  const [cursor, found] = items;
  if (!cursor || !found || !(name === "SCAN" || name === "HSCAN")) return encodeFrame(frame);
  return encodeFrame(cursor) + sorted(found, name === "SCAN" ? 1 : 2);
}

/** HELLO names the server, its version and the connection, which differ between any two servers. */
function withoutIdentity(item: Frame, index: number, items: readonly Frame[]): Frame {
  const key = items[index - 1]?.text ?? "";
  return ["server", "version", "id"].includes(key) ? { type: item.type, text: "…" } : item;
}

function sorted(frame: Frame, group: 1 | 2): string {
  const parts = (frame.items ?? []).map(encodeFrame);
  const groups =
    group === 1 ? parts : parts.flatMap((key, at) => (at % 2 ? [] : [key + parts[at + 1]]));
  return `${frame.type}${groups.toSorted().join("")}`;
}

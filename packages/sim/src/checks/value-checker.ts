/**
 * Whether a session's plain data shows what is owed to its users, and nothing twice: the same for
 * replicas of the simulation and for real processes (test/processes).
 *
 * Not here: which writes are owed where (checkers.ts).
 */
import type { JsonValue } from "@session-mesh/core";
import type { Trace } from "./ledger.js";

/** A session as its users fill it, as far as traces are looked for in it. */
export interface FilledValue {
  readonly marks?: Readonly<Record<string, JsonValue>>;
  readonly log?: readonly JsonValue[];
  readonly things?: readonly { readonly id: string }[];
  readonly count?: number;
}

/** What a value is held against. */
export interface Account<Write extends { readonly trace: Trace }> {
  readonly writes: readonly Write[];
  readonly isOwed: (write: Write) => boolean;
  /** All increments that were ever tried: no counter may exceed them. */
  readonly incrementsTried: number;
}

/** A promise or law that a value breaks. */
export interface Breach {
  readonly checker: string;
  readonly detail: string;
}

/** The first thing that is wrong with `value`. */
export function breachOf<Write extends { readonly trace: Trace }>(
  value: FilledValue,
  { writes, isOwed, incrementsTried }: Account<Write>,
): Breach | undefined {
  const log = new Set(value.log ?? []);
  let countMin = 0;
  for (const write of writes) {
    if (!isOwed(write)) continue;
    const { trace } = write;
    if (trace.kind === "increment") countMin += trace.by;
    if (isThere(trace, value, log)) continue;
    return { checker: "P1", detail: `lacks ${JSON.stringify(trace)}` };
  }
  const count = value.count ?? 0;
  if (count < countMin) return { checker: "M8", detail: `counts ${count}, owed ${countMin}` };
  if (count > incrementsTried) {
    return { checker: "M11", detail: `counts ${count}, only ${incrementsTried} were made` };
  }
  return doubled(value, log);
}

function isThere(trace: Trace, { marks }: FilledValue, log: ReadonlySet<JsonValue>): boolean {
  if (trace.kind === "mark") return marks !== undefined && Object.hasOwn(marks, trace.name);
  return trace.kind !== "push" || log.has(trace.value);
}

function doubled(value: FilledValue, log: ReadonlySet<JsonValue>): Breach | undefined {
  if (log.size !== (value.log?.length ?? 0)) {
    return { checker: "M5", detail: "doubles an element" };
  }
  const ids = (value.things ?? []).map(({ id }) => id);
  if (new Set(ids).size === ids.length) return undefined;
  return { checker: "M7", detail: `doubles a thing: ${ids.join()}` };
}

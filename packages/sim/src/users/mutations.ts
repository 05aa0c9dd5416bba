/**
 * What a request does to a session's plain data, and the traces by which a checker can tell later
 * whether it is still there.
 *
 * Whatever is put into a list can be told from everything else in it, and in one step no list of
 * objects both loses and gains elements: the model could not tell that from an edit.
 *
 * Not here: which activities a seed draws (workload-draw.ts).
 */
import type { JsonValue, Prng } from "@session-mesh/core";
import type { Trace } from "../checks/ledger.js";
import type { Intents } from "../checks/merge-facts.js";

interface Thing {
  id: string;
  size?: number;
  colour?: string;
}

/** A session as users of the simulation fill it. */
export interface Draft {
  marks?: Record<string, JsonValue>;
  log?: string[];
  count?: number;
  things?: Thing[];
  /** Overwritten and deleted, with no trace. */
  scratch?: Record<string, JsonValue>;
  /** Counted up and reset. */
  visits?: number;
  /** Of another kind every now and then (M12). */
  shape?: JsonValue;
  /** One leaf, whatever is in it. */
  whole?: JsonValue;
  /** Equal elements, never removed (M5). */
  same?: string[];
  /** Names and texts that are trouble for careless code. */
  hostile?: Record<string, JsonValue>;
  /** Objects in objects, which come and go (M1, M4). */
  tree?: Record<string, JsonValue>;
  blob?: Record<string, JsonValue>;
  hot?: number;
  [name: string]: unknown;
}

/** What a change may be made of. */
export const ACTIVITIES = [
  "mark",
  "push",
  "increment",
  "thing",
  "scratch",
  "visit",
  "shape",
  "whole",
  "same",
  "hostile",
  "tree",
  "blob",
  "overwrite",
] as const;

/** A kind of change. */
export type Activity = (typeof ACTIVITIES)[number];

/** What was done. */
export interface Mutation {
  readonly traces: readonly Trace[];
  readonly intents: Intents;
}

/** What to do. */
export interface MutationOptions {
  /** The how-many-th write of the run it is: names made of it are unique. */
  readonly number: number;
  readonly bag: readonly Activity[];
  readonly blobBytesMax: number;
}

const HOSTILE_NAMES = [
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "toJSON"],
  ...["", " ", "a/b", "/", "~", "~0", "~@1", "~+1", "..", "#", ".", "0", "-1", "length"],
  ...["\u0000", "nul\u0000nul", "\ud800", "x\udc00", "\ud83d\ude00", "\u2028", "é", "e\u0301"],
  "long".repeat(300),
];

const HOSTILE_VALUES: readonly JsonValue[] = [
  ...["", "\u0000", "\ud800 lone", "\udfff", "__proto__", "\ufffd", "~", "[object Object]"],
  ...[0, -1, 0.1, 2 ** 53, -(2 ** 53) - 2, 1e308, 5e-324, true, false, null],
];

/** Changes `draft`. */
export function mutate(draft: Draft, random: Prng, options: MutationOptions): Mutation {
  const mutating = new Mutating(draft, random, options);
  const steps = random.range(1, 4);
  for (let step = 0; step < steps; step++) mutating.step(random.pick(options.bag), step);
  const { traces, counters, atomics, moved } = mutating;
  const intents = { counters, atomics, moved };
  return { traces: traces.length > 0 ? traces : [{ kind: "touch" }], intents };
}

/** Further elements are added only where one was removed. */
const THINGS_MAX = 3;

class Mutating {
  readonly traces: Trace[] = [];
  readonly counters = new Map<string, number | undefined>();
  readonly atomics = new Set<string>();
  readonly moved = new Set<string>();
  readonly #draft: Draft;
  readonly #random: Prng;
  readonly #number: number;
  readonly #blobBytesMax: number;
  #isThingsChanged = false;

  constructor(draft: Draft, random: Prng, { number, blobBytesMax }: MutationOptions) {
    this.#draft = draft;
    this.#random = random;
    this.#number = number;
    this.#blobBytesMax = blobBytesMax;
  }

  step(activity: Activity, step: number): void {
    const name = `${this.#number}.${step}`;
    const draft = this.#draft;
    switch (activity) {
      case "mark":
        (draft.marks ??= {})[name] = this.#number;
        this.traces.push({ kind: "mark", name });
        return;
      case "push":
        (draft.log ??= []).push(name);
        this.traces.push({ kind: "push", value: name });
        return;
      case "increment":
        draft.count = (draft.count ?? 0) + 1;
        this.counters.set("count", undefined);
        this.traces.push({ kind: "increment", by: 1 });
        return;
      case "same":
        (draft.same ??= []).push("same");
        return;
      case "overwrite":
        draft.hot = this.#number;
        return;
      case "thing":
        return this.#things(name);
      case "scratch":
        return this.#scratch();
      case "visit":
        return this.#visit();
      case "shape":
        return this.#shape(name);
      case "whole":
        return this.#whole(name);
      case "hostile":
        return this.#hostile();
      case "tree":
        return this.#tree();
      case "blob":
        return this.#blob();
    }
  }

  #things(name: string): void {
    if (this.#isThingsChanged) return;
    this.#isThingsChanged = true;
    const random = this.#random;
    if (random.chance(0.05)) {
      delete this.#draft.things;
      return;
    }
    const things = (this.#draft.things ??= []);
    // Few enough that users mean the same one now and then.
    const index = random.range(0, Math.min(things.length, THINGS_MAX) + 1);
    const thing = things[index];
    if (!thing) things.push({ id: name });
    else if (random.chance(0.3)) things.splice(index, 1);
    else if (random.chance(0.3)) {
      things.unshift(...things.splice(index, 1));
      if (index > 0) this.moved.add("things");
    } else if (random.chance(0.5)) thing.size = random.range(0, 100);
    else thing.colour = random.pick(["red", "green", "blue"]);
  }

  #scratch(): void {
    const random = this.#random;
    if (random.chance(0.1)) {
      delete this.#draft.scratch;
      return;
    }
    const scratch = (this.#draft.scratch ??= {});
    const key = random.pick(["a", "b", "c"]);
    const number = this.#number;
    const values: JsonValue[] = [number, "text", null, { deep: number }, [number], true];
    if (random.chance(0.3)) delete scratch[key];
    else scratch[key] = random.pick(values);
  }

  /** A counter that is also reset (M8). */
  #visit(): void {
    const random = this.#random;
    const was = typeof this.#draft.visits === "number" ? this.#draft.visits : 0;
    if (random.chance(0.2)) {
      this.#draft.visits = random.range(0, 3);
      this.counters.set("visits", this.#draft.visits);
      return;
    }
    this.#draft.visits = was + random.pick([1, 1, 2, -1]);
    if (!this.counters.has("visits")) this.counters.set("visits", undefined);
  }

  #shape(name: string): void {
    const random = this.#random;
    const draft = this.#draft;
    this.counters.delete("shape");
    const was = draft.shape;
    // Now of another kind, now more of the same: what meets must be of two kinds (M12).
    const more = Array.isArray(was) ? "list" : isPlain(was) ? "object" : "counter";
    const kind = random.pick(["scalar", "object", "list", "counter", "none", more, more] as const);
    if (kind === "none") delete draft.shape;
    else if (kind === "scalar") draft.shape = name;
    else if (kind === "list") draft.shape = Array.isArray(was) ? [...was, name] : [name];
    else if (kind === "object") {
      draft.shape = isPlain(was) ? { ...was, [name]: 1 } : { [name]: 1 };
    } else {
      draft.shape = typeof was === "number" ? was + 1 : 1;
      this.counters.set("shape", undefined);
    }
  }

  #whole(name: string): void {
    const random = this.#random;
    const was = this.#draft.whole;
    this.atomics.delete("whole");
    if (random.chance(0.1)) delete this.#draft.whole;
    else if (isPlain(was) && random.chance(0.5)) this.#draft.whole = { ...was, changed: name };
    else {
      this.#draft.whole = { name, parts: [1, [name], { deep: null }] };
      this.atomics.add("whole");
    }
  }

  #hostile(): void {
    const random = this.#random;
    const hostile = (this.#draft.hostile ??= {});
    const name = random.pick(HOSTILE_NAMES);
    if (random.chance(0.2)) Reflect.deleteProperty(hostile, name);
    else {
      const scalar = random.pick(HOSTILE_VALUES);
      const bytes = Uint8Array.of(this.#number & 255, 0, 255);
      const value = random.pick<JsonValue>([
        scalar,
        scalar,
        bytes,
        own(random.pick(HOSTILE_NAMES), scalar),
      ]);
      Object.defineProperty(hostile, name, { ...OWN, value });
    }
  }

  #tree(): void {
    const random = this.#random;
    let at = (this.#draft.tree ??= {});
    const depth = random.range(0, 4);
    for (let i = 0; i < depth; i++) {
      const name = random.pick(["l", "r"]);
      const next = at[name];
      if (!isPlain(next)) at[name] = {};
      at = at[name] as Record<string, JsonValue>;
    }
    const leaf = random.pick(["l", "r", "x", "y"]);
    if (random.chance(0.3)) delete at[leaf];
    else at[leaf] = this.#number;
  }

  #blob(): void {
    const random = this.#random;
    const blob = (this.#draft.blob ??= {});
    const name = random.pick(["a", "b", "c", "d"]);
    if (random.chance(0.2)) delete blob[name];
    else blob[name] = `${this.#number}`.padEnd(random.range(1, this.#blobBytesMax), "x");
  }
}

const OWN = { writable: true, enumerable: true, configurable: true };

function own(name: string, value: JsonValue): JsonValue {
  return Object.defineProperty({}, name, { ...OWN, value }) as JsonValue;
}

function isPlain(value: unknown): value is Record<string, JsonValue> {
  const isObject = typeof value === "object" && value !== null;
  return isObject && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/**
 * What a request does to a session's plain data, and the traces by which a checker can tell later
 * whether it is still there.
 */
import type { JsonValue, Prng } from "@session-mesh/core";
import type { Trace } from "./ledger.js";

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
  /** Overwritten and deleted, with no trace: only equality is asked of it. */
  scratch?: Record<string, JsonValue>;
  [name: string]: unknown;
}

const KINDS = ["mark", "mark", "push", "push", "increment", "thing", "scratch"] as const;

/** Changes `draft` as the `number`-th write of the run. */
export function mutate(draft: Draft, random: Prng, number: number): Trace[] {
  const traces: Trace[] = [];
  const steps = random.range(1, 4);
  for (let step = 0; step < steps; step++) {
    const name = `${number}.${step}`;
    switch (random.pick(KINDS)) {
      case "mark":
        (draft.marks ??= {})[name] = number;
        traces.push({ kind: "mark", name });
        break;
      case "push":
        (draft.log ??= []).push(name);
        traces.push({ kind: "push", value: name });
        break;
      case "increment":
        draft.count = (draft.count ?? 0) + 1;
        traces.push({ kind: "increment", by: 1 });
        break;
      case "thing":
        changeThings((draft.things ??= []), random, name);
        break;
      case "scratch":
        changeScratch(draft, random, number);
        break;
    }
  }
  return traces.length > 0 ? traces : [{ kind: "touch" }];
}

function changeThings(things: Thing[], random: Prng, name: string): void {
  const index = random.range(0, things.length + 1);
  const thing = things[index];
  if (!thing) things.push({ id: name });
  else if (random.chance(0.3)) things.splice(index, 1);
  else if (random.chance(0.3)) things.unshift(...things.splice(index, 1));
  else if (random.chance(0.5)) thing.size = random.range(0, 100);
  else thing.colour = random.pick(["red", "green", "blue"]);
}

function changeScratch(draft: Draft, random: Prng, number: number): void {
  if (random.chance(0.1)) {
    delete draft.scratch;
    return;
  }
  const scratch = (draft.scratch ??= {});
  const key = random.pick(["a", "b", "__proto__x", "", "a/b"]);
  if (random.chance(0.3)) delete scratch[key];
  else
    scratch[key] = random.pick<JsonValue>([number, "text", null, { deep: number }, [number], true]);
}

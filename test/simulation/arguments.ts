/**
 * The words after `npm run sim --`: read strictly, and refused with what to write instead.
 *
 * Not here: doing what they say (sim.ts).
 */
import { parseArgs } from "node:util";
import type { Override, SwarmOptions } from "@session-mesh/sim";

/** What is asked of the command. */
export type Wish =
  | {
      readonly kind: "seeds";
      readonly from: number;
      /** Infinite where minutes say when to end. */
      readonly seeds: number;
      readonly minutes: number | undefined;
      readonly report: string | undefined;
      readonly canary: string | undefined;
      readonly override: Override<SwarmOptions> | undefined;
      readonly shrinkSeconds: number;
    }
  | {
      readonly kind: "seed";
      readonly seed: number;
      readonly record: string | undefined;
      readonly canary: string | undefined;
      readonly override: Override<SwarmOptions> | undefined;
    }
  | { readonly kind: "scenario"; readonly name: string; readonly record: string | undefined }
  | { readonly kind: "canaries" }
  | { readonly kind: "membership"; readonly sizes: readonly number[] }
  | { readonly kind: "help" };

/** Someone wrote something that cannot be; the message says what to write. */
export class UsageError extends Error {}

/** How to use the command. */
export const USAGE = `npm run sim -- [what]

  --seeds N           runs N seeds (100), with all cores; exits 1 when a promise breaks
    --from S          the first of them (1)
    --minutes M       goes on for M minutes, however many seeds that are
    --report FILE     writes what came of it as JSON
    --shrink SECONDS  how long to look for a smaller run that still fails (20)
  --seed S            runs one seed and shows its trace, a line for each thing that happens
  --scenario NAME     plays the scenarios whose names hold NAME, with their traces
  --canary NAME       builds a deliberate defect in: with --seed shows it, else hunts it
  --canary all        hunts all of them, and prints the table
  --membership N,N    measures membership alone, in clusters of so many nodes

  --nodes N           clusters of N nodes, in place of what a seed draws
  --override JSON     other parts in place of what a seed draws, such as '{"workload":{"users":1}}'
  --record FILE       with --seed or --scenario: what happens, as lines of JSON

docs/SIMULATOR.md explains the trace, the faults, the checkers and the recording.`;

const NODES_MAX = 100;

/** Sizes that can be measured: fewer are all seeds, more need more memory than there is. */
const SIZE_MIN = 5;
const SIZE_MAX = 1_000;

/** Reads the words; throws a {@link UsageError}. */
export function wishOf(words: readonly string[]): Wish {
  const values = parsed(words);
  const { seed, scenario, canary, record, report, minutes, seeds, from } = values;
  if (values.help) return { kind: "help" };
  if (values.membership !== undefined) {
    refuse(values, "membership", []);
    return { kind: "membership", sizes: values.membership.split(",").map(sizeOf) };
  }
  const override = overrideOf(values.override, values.nodes);
  if (scenario !== undefined) {
    refuse(values, "scenario", ["record"]);
    return { kind: "scenario", name: scenario, record };
  }
  if (seed !== undefined) {
    refuse(values, "seed", ["record", "canary", "override", "nodes"]);
    return { kind: "seed", seed: integer("seed", seed), record, canary, override };
  }
  if (record !== undefined) throw new UsageError("--record needs --seed S or --scenario NAME");
  if (canary === "all") return { kind: "canaries" };
  return {
    kind: "seeds",
    report,
    canary,
    override,
    from: integer("from", from ?? "1"),
    seeds: seeds === undefined ? (minutes === undefined ? 100 : Infinity) : integer("seeds", seeds),
    minutes: minutes === undefined ? undefined : positive("minutes", minutes),
    shrinkSeconds: positive("shrink", values.shrink ?? "20"),
  };
}

const OPTIONS = {
  seeds: { type: "string" },
  from: { type: "string" },
  minutes: { type: "string" },
  report: { type: "string" },
  shrink: { type: "string" },
  seed: { type: "string" },
  scenario: { type: "string" },
  canary: { type: "string" },
  membership: { type: "string" },
  nodes: { type: "string" },
  override: { type: "string" },
  record: { type: "string" },
  help: { type: "boolean" },
} as const;

type Values = { -readonly [K in keyof typeof OPTIONS]?: string } & { help?: string };

function parsed(words: readonly string[]): Omit<Values, "help"> & { help?: boolean } {
  try {
    return parseArgs({ args: [...words], options: OPTIONS, strict: true }).values;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${reason}\n\n${USAGE}`);
  }
}

/** Words that mean nothing beside `--name` are refused, lest they seem to work. */
function refuse(values: object, name: string, allowed: readonly string[]): void {
  const strange = Object.keys(values).filter((each) => each !== name && !allowed.includes(each));
  if (strange.length === 0) return;
  const others = allowed.map((each) => `--${each}`).join(", ") || "nothing else";
  throw new UsageError(`--${strange[0]} means nothing beside --${name}, which takes ${others}`);
}

function integer(name: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new UsageError(`--${name} takes a whole number, such as --${name} 42, not "${text}"`);
}

function sizeOf(text: string): number {
  const size = integer("membership", text);
  if (size >= SIZE_MIN && size <= SIZE_MAX) return size;
  throw new UsageError(`--membership takes ${SIZE_MIN} to ${SIZE_MAX} nodes, not ${size}`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (text !== "" && Number.isFinite(value) && value >= 0) return value;
  throw new UsageError(`--${name} takes a number, such as --${name} 5, not "${text}"`);
}

function overrideOf(
  text: string | undefined,
  nodesText: string | undefined,
): Override<SwarmOptions> | undefined {
  const override = text === undefined ? {} : objectOf(text);
  if (nodesText === undefined) return text === undefined ? undefined : override;
  const nodes = integer("nodes", nodesText);
  if (nodes < 2 || nodes > NODES_MAX) {
    throw new UsageError(`--nodes takes 2 to ${NODES_MAX}, not ${nodes}`);
  }
  return { nodes, seedsMax: nodes, ...override };
}

function objectOf(text: string): Override<SwarmOptions> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw new UsageError(`--override takes JSON in quotes, such as '{"nodes":3}', not ${text}`);
}

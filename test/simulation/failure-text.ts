/**
 * What a failing seed says to people: what broke, when, on which node, for which session, and how to
 * see it again.
 */
import type { Failure, Override, Report, SwarmOptions } from "@session-mesh/sim";
import { meaningOf } from "./meaning.js";

/** How a run was made, beside its seed. */
export interface RunTerms {
  readonly override?: Override<SwarmOptions> | undefined;
  readonly canary?: string | undefined;
}

/** The command that runs a seed again. */
export function replayCommand(seed: number, { override, canary }: RunTerms): string {
  return [
    `npm run sim -- --seed ${seed}`,
    ...(canary === undefined ? [] : [`--canary ${canary}`]),
    ...(override && Object.keys(override).length > 0
      ? [`--override '${JSON.stringify(override)}'`]
      : []),
  ].join(" ");
}

/** The last words of a failing run. */
export function failureText({ seed, failure }: Report, terms: RunTerms): string {
  if (!failure) return "";
  const { node, session } = failureSite(failure);
  return [
    `FAILED   ${failure.checker}: ${failure.detail}`,
    `  promise  ${meaningOf(failure.checker) ?? "(see docs/SIMULATOR.md)"}`,
    `  when     ${(failure.atMs / 1_000).toFixed(3)} s of virtual time`,
    `  node     ${node ?? "- (the whole cluster)"}`,
    `  session  ${session ?? "- (none in particular)"}`,
    `  replay   ${replayCommand(seed, terms)}`,
    ...(terms.canary === undefined
      ? [
          `  pin it   echo '${seed}  ${failure.checker}: what it broke' >> test/simulation/seeds.txt`,
        ]
      : []),
  ].join("\n");
}

/** Where a promise broke. */
export interface FailureSite {
  /** The machine; undefined where the whole is at fault. */
  readonly node: string | undefined;
  readonly session: string | undefined;
}

/** The node and the session that the detail of a failure names: checkers say `on n3: <session> …`. */
export function failureSite({ detail }: Failure): FailureSite {
  const node = /\bon (\S+?):/.exec(detail)?.[1] ?? /\b(n\d+)\b/.exec(detail)?.[1];
  const session = /(?<![\w-])[\w-]{22}(?![\w-])/.exec(detail)?.[0];
  return { node, session };
}

/**
 * What the command line asks of a run, checked.
 *
 * Not here: what the run does with it (run.ts).
 */
import { parseArgs } from "node:util";
import { isSabotage, SABOTAGES, type Sabotage } from "./sabotage.js";

/** The options of one run. */
export interface DemoOptions {
  readonly nodes: number;
  readonly users: number;
  /** How long the users keep at it; the storyline may take longer, then so do they. */
  readonly seconds: number;
  /** Where the report goes as JSON, if anywhere. */
  readonly reportFile: string | undefined;
  /** Lines only: no table that is drawn again and again. */
  readonly isHeadless: boolean;
  /** Stay up after the report, to be clicked about by hand. */
  readonly isKept: boolean;
  readonly sabotage: Sabotage | undefined;
}

/** What is printed for `--help` and beneath a wrong option. */
export const USAGE: string = `npm run demo -- [options]
  --nodes N        app servers, at least 2            (3)
  --users N        concurrent users                   (100)
  --seconds N      how long the users keep at it      (30)
  --report FILE    write what was counted as JSON
  --headless       print lines only
  --keep           stay up afterwards; prints URLs
  --sabotage NAME  break a promise on purpose: ${SABOTAGES.join(", ")}
`;

/** A wrong command line; the text says what is right. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const NODES_MAX = 9;
const USERS_MAX = 2_000;
const SECONDS_MAX = 86_400;

/** Reads the command line. Undefined when only help was asked for; throws {@link UsageError}. */
export function readOptions(args: readonly string[]): DemoOptions | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  const { sabotage } = values;
  if (sabotage !== undefined && !isSabotage(sabotage)) {
    throw new UsageError(`--sabotage is one of ${SABOTAGES.join(", ")}, not ${sabotage}`);
  }
  return {
    nodes: wholeNumber("nodes", values.nodes, { min: 2, max: NODES_MAX }),
    users: wholeNumber("users", values.users, { min: 1, max: USERS_MAX }),
    seconds: wholeNumber("seconds", values.seconds, { min: 1, max: SECONDS_MAX }),
    reportFile: values.report,
    isHeadless: values.headless === true || !process.stdout.isTTY,
    isKept: values.keep === true,
    sabotage,
  };
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- reason: parseArgs infers it
function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        nodes: { type: "string", default: "3" },
        users: { type: "string", default: "100" },
        seconds: { type: "string", default: "30" },
        report: { type: "string" },
        headless: { type: "boolean" },
        keep: { type: "boolean" },
        sabotage: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Reads a whole number from `min` to `max`; throws {@link UsageError} with the option's name. */
export function wholeNumber(
  name: string,
  text: string,
  { min, max }: { min: number; max: number },
): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new UsageError(`--${name} is a whole number from ${min} to ${max}, not ${text}`);
}

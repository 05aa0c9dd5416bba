/**
 * What the command line asks of a run, checked.
 *
 * Not here: what the run does with it (run.ts).
 */
import { parseArgs } from "node:util";
import { UsageError, wholeNumber } from "../options.js";
import { MANAGERS, type ManagerName } from "./session-managers.js";

/** The options of one run. */
export interface TomcatDemoOptions {
  /** Which ways to share sessions are to be seen, one after the other. */
  readonly managers: readonly ManagerName[];
  /** The shop's new version has the classes of the old one. */
  readonly hasSameClasses: boolean;
  readonly users: number;
  /** How long the users keep at it; the storyline takes longer, then so do they. */
  readonly seconds: number;
  /** Where the report goes as JSON, if anywhere. */
  readonly reportFile: string | undefined;
  /** Lines only: no table that is drawn again and again. */
  readonly isHeadless: boolean;
}

/** What is printed for `--help` and beneath a wrong option. */
export const USAGE: string = `npm run demo:tomcat -- [options]
  --manager NAME   who keeps the sessions: ${MANAGERS.join(", ")}, or all (mesh)
  --same-classes   the new version of the shop has no new classes
  --users N        concurrent users                   (40)
  --seconds N      how long the users keep at it      (30)
  --report FILE    write what was counted as JSON
  --headless       print lines only
`;

const USERS_MAX = 500;
const SECONDS_MAX = 86_400;

/** Reads the command line. Undefined when only help was asked for; throws {@link UsageError}. */
export function readOptions(args: readonly string[]): TomcatDemoOptions | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  return {
    managers: managersOf(values.manager),
    hasSameClasses: values["same-classes"] === true,
    users: wholeNumber("users", values.users, { min: 1, max: USERS_MAX }),
    seconds: wholeNumber("seconds", values.seconds, { min: 1, max: SECONDS_MAX }),
    reportFile: values.report,
    isHeadless: values.headless === true || !process.stdout.isTTY,
  };
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- reason: parseArgs infers it
function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        manager: { type: "string", default: "mesh" },
        "same-classes": { type: "boolean" },
        users: { type: "string", default: "40" },
        seconds: { type: "string", default: "30" },
        report: { type: "string" },
        headless: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function managersOf(name: string): readonly ManagerName[] {
  if (name === "all") return MANAGERS;
  const found = MANAGERS.find((manager) => manager === name);
  if (found) return [found];
  throw new UsageError(`--manager is one of ${MANAGERS.join(", ")}, all, not ${name}`);
}

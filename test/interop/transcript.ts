/**
 * Transcripts: commands to Redis servers as lines of text, to be read by people and replayed by tests.
 *
 *   # a comment
 *   a> SET "k 1" "\x00\xff" EX 10     a command on connection a; earlier replies are waited for
 *   a+ GET "k 1"                      sent together with the command before, pipelined
 *   a>~ GET k1                        inline: as a person types it into telnet
 *   wait 60                           milliseconds
 *   < "$2\r\nOK\r\n"                  the exact reply that the command before must have
 *   <~ "\r\nproto\r\n:3\r\n"          bytes that must be somewhere in it
 *
 * `{now+N}` and `{nowms+N}` in a command stand for absolute times that many seconds or milliseconds
 * ahead. Bytes are latin1. Not here: sending (differential/two-servers.ts, transcripts.test.ts).
 */
import { encodeCommand } from "./resp-frame.js";

/** A command on a connection. */
export interface CommandStep {
  readonly connection: string;
  readonly args: readonly string[];
  /** Sent without waiting for the reply to the step before, which is on the same connection. */
  readonly isPipelined: boolean;
  /** Sent as a line of text, not as an array of bulk strings. */
  readonly isInline?: boolean;
  /** What the reply must be, or contain. */
  readonly expected?: { readonly bytes: string; readonly isPart: boolean };
}

/** A pause. */
export interface WaitStep {
  readonly waitMs: number;
}

/** One line of a transcript that does something. */
export type Step = CommandStep | WaitStep;

const BARE = /^[\w:.*?+@{}-]+$/;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** A string of bytes as one word of a transcript. */
export function quoted(bytes: string): string {
  const shown = bytes.replace(/[\\"]|[^ -~]/g, (character) => {
    if (character === "\\" || character === '"') return `\\${character}`;
    const name = Object.keys(ESCAPES).find((key) => ESCAPES[key] === character);
    return name ? `\\${name}` : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${shown}"`;
}

/** Steps as a transcript, a line each. */
export function printSteps(steps: readonly Step[]): string {
  return steps.map(printStep).join("\n");
}

/** One step as a line. */
export function printStep(step: Step): string {
  if ("waitMs" in step) return `wait ${step.waitMs}`;
  const words = step.args.map((arg) => (BARE.test(arg) ? arg : quoted(arg)));
  const mark = `${step.isPipelined ? "+" : ">"}${step.isInline ? "~" : ""}`;
  return `${step.connection}${mark} ${words.join(" ")}`;
}

/** The steps of a transcript. Throws with the number of a line that is none. */
export function readSteps(text: string): Step[] {
  const steps: Step[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const wait = /^wait (\d+)$/.exec(line);
    const reply = /^<(~?) (".*")$/.exec(line);
    const command = /^(\w+)([>+])(~?) (.*)$/.exec(line);
    if (wait) steps.push({ waitMs: Number(wait[1]) });
    else if (reply)
      expectLast(steps, { bytes: words(reply[2] ?? "")[0] ?? "", isPart: reply[1] === "~" });
    else if (command) {
      const [, connection = "", mark, inline, rest = ""] = command;
      const isInline = inline === "~" && { isInline: true };
      steps.push({ connection, args: words(rest), isPipelined: mark === "+", ...isInline });
    } else throw new Error(`line ${index + 1} of a transcript: ${line}`);
  }
  return steps;
}

function expectLast(steps: Step[], expected: NonNullable<CommandStep["expected"]>): void {
  const last = steps.pop();
  if (!last || "waitMs" in last) throw new Error("a reply to no command");
  steps.push({ ...last, expected });
}

function words(line: string): string[] {
  const found = [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)];
  return found.map(([, inside, bare]) => (inside === undefined ? (bare ?? "") : unescaped(inside)));
}

function unescaped(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex?: string, character?: string) =>
    hex === undefined
      ? (ESCAPES[character ?? ""] ?? character ?? "")
      : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** A command as it is sent at `nowMs`. */
export function encodeStep(step: CommandStep, nowMs: number): Buffer {
  const args = filledIn(step.args, nowMs);
  if (!step.isInline) return encodeCommand(args);
  return Buffer.from(`${args.map(quoted).join(" ")}\r\n`, "latin1");
}

/** The arguments as they are sent at `nowMs`: absolute times filled in. */
function filledIn(args: readonly string[], nowMs: number): string[] {
  return args.map((arg) =>
    arg
      .replace(/\{now\+(\d+)\}/g, (_, ahead: string) =>
        String(Math.floor(nowMs / 1000) + Number(ahead)),
      )
      .replace(/\{nowms\+(\d+)\}/g, (_, ahead: string) => String(nowMs + Number(ahead))),
  );
}

/**
 * Where a sidecar answers otherwise than Redis, and why: the only place where that is excused.
 *
 * Each is a sentence for users, in docs/REDIS.md too, and must be met by the streams of CI: what no
 * longer happens is to be removed. Not here: what Redis leaves open (comparison.ts).
 */
import type { Frame } from "../resp-frame.js";
import type { CommandStep } from "../transcript.js";
import { nameOf } from "./comparison.js";
import { ABSENT } from "./other-commands.js";

/** One known difference. */
export interface Difference {
  readonly what: string;
  readonly why: string;
  readonly excuses: (step: CommandStep, theirs: Frame, ours: Frame) => boolean;
}

/** Lives are shortened to no less than this. */
const LIFETIME_SECONDS = 30 * 86_400;

const LIVES = new Set(["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"]);

/** All of them. */
export const DIFFERENCES: readonly Difference[] = [
  {
    what: "sets, sorted sets, lists, streams, bitmaps, pub/sub, transactions and dumps are not there",
    why: "sessions are kept in strings and hashes; what is not there is called an unknown command",
    excuses: (step, _, ours) =>
      ABSENT.includes(nameOf(step)) &&
      ours.type === "-" &&
      Boolean(ours.text?.startsWith("ERR unknown command")),
  },
  {
    what: "scripts are those of phpredis and Redisson, known by their SHA-1",
    why: "there is no Lua in a sidecar; any other script is refused with a sentence of its own",
    excuses: (step, _, ours) =>
      ["EVAL", "SCRIPT"].includes(nameOf(step)) && /runs no Lua/.test(ours.text ?? ""),
  },
  {
    what: "a life longer than the sidecar's lifetime is shortened to it",
    why: "P4: every key ends some day, or a deleted one would have to be remembered for ever",
    excuses: (step, theirs, ours) =>
      LIVES.has(nameOf(step)) &&
      secondsLeft(step, theirs) > secondsLeft(step, ours) &&
      secondsLeft(step, ours) > LIFETIME_SECONDS - 60,
  },
];

/** A reply that tells when a key ends, as seconds from now. */
function secondsLeft(step: CommandStep, { text }: Frame): number {
  const name = nameOf(step);
  const seconds = Number(text) / (name.startsWith("P") ? 1_000 : 1);
  return name.endsWith("TIME") ? seconds - Date.now() / 1_000 : seconds;
}

/**
 * The lines an operator must see: a peer refused us or we refused it, and what to change.
 *
 * The same refusal is said again only every ten seconds. Everything else that happens is an event;
 * there is no log level and no logger here.
 */
import type { EventBody, Millis, RefusalCode } from "@session-mesh/core";

const REPEAT_MS: Millis = 10_000;

/** How many different refusals are told within that time; strangers could make up any number. */
const KEYS_MAX = 64;

const REMEDIES: Readonly<Record<RefusalCode, string>> = {
  proof:
    "Give every node the same `secret`; while you rotate it, give both the new and the old one",
  cluster: "Give every node the same `cluster`, or take the address out of `seeds`",
  protocol: "Deploy versions that lie next to each other",
  clock: "Set the clocks of both machines (NTP)",
  "members-full": "Raise `limits.membersMax`, or remove nodes",
  "node-id": "Give each node a `node` of its own, or none",
};

/** What is told: a refusal, or that two live nodes have one name and replace each other's links. */
export type RefusalEvent = Extract<EventBody, { type: "peer-refused" | "node-name-taken" }>;

/** Creates what turns refusals into lines, at a bounded rate. */
export function createRefusalLog(
  node: string,
  log: (line: string) => void,
  nowMs: () => Millis,
): (event: RefusalEvent) => void {
  const quietUntilMs = new Map<string, Millis>();
  return (event) => {
    const key = keyOf(event);
    const now = nowMs();
    if (now < (quietUntilMs.get(key) ?? 0)) return;
    for (const [other, untilMs] of quietUntilMs) if (untilMs <= now) quietUntilMs.delete(other);
    if (quietUntilMs.size >= KEYS_MAX) return;
    quietUntilMs.set(key, now + REPEAT_MS);
    log(`[session-mesh] ${node}: ${lineOf(event)}`);
  };
}

function keyOf(event: RefusalEvent): string {
  if (event.type === "node-name-taken") return event.member;
  // The port of someone who dialled us is another one every time.
  return `${event.code} ${event.byPeer} ${event.address.replace(/:\d+$/, "")}`;
}

function lineOf(event: RefusalEvent): string {
  if (event.type === "node-name-taken") {
    const twins = `two live nodes are named ${event.member}, one of them at ${event.address}`;
    return `${twins}; they cut each other off. ${REMEDIES["node-id"]}, and restart one`;
  }
  const { address, code, byPeer, detail } = event;
  const who = address === "" ? "a peer" : address;
  const what = byPeer ? `${who} refuses this node` : `${who} was refused by this node`;
  return `${what} (${code}): ${detail}. ${REMEDIES[code]}`;
}

/**
 * Clients that cannot be run here, for want of packages: the commands that their sources send,
 * replayed byte by byte, with the replies that they need (transcripts/*.txt).
 *
 * The reply to a command that a client sends without looking at it is not written down.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../tidy/sources.js";
import { type Machines, TARGETS } from "./machines.js";
import { recipeBlocks } from "./recipe.js";
import { RespConnection } from "./resp-connection.js";
import { encodeFrame } from "./resp-frame.js";
import { encodeStep, printStep, quoted, readSteps, type Step } from "./transcript.js";

for (const target of TARGETS) {
  describe(target.name, () => {
    let machines: Machines | undefined;
    beforeAll(async () => {
      machines = await target.start();
    }, 60_000);
    afterAll(async () => machines?.stop());

    test("Spring Session: attributes changed on two machines both stay, a logout is final", async () => {
      expect(await replay("spring-session", machines as Machines)).toBeGreaterThan(30);
    });

    test("Redisson's Tomcat manager: the same, with its scripts", async () => {
      expect(await replay("redisson", machines as Machines)).toBeGreaterThan(30);
    });
  });
}

test("Spring's recipe names the sidecar's usual address, in two lines", () => {
  const lines = (recipeBlocks("spring", "properties")[0] ?? "").trim().split("\n");
  expect(lines).toEqual(["spring.data.redis.host=127.0.0.1", "spring.data.redis.port=6379"]);
});

/** Replays a transcript; its connections a… are to machine 1, b… to machine 2. Answers how many steps. */
async function replay(name: string, { addresses }: Machines): Promise<number> {
  const path = join(ROOT, "test/interop/transcripts", `${name}.txt`);
  const steps = readSteps(readFileSync(path, "utf8"));
  const connections = new Map<string, RespConnection>();
  try {
    for (const step of steps) await replayStep(step, connections, addresses);
  } finally {
    for (const connection of connections.values()) connection.close();
  }
  return steps.length;
}

async function replayStep(
  step: Step,
  connections: Map<string, RespConnection>,
  addresses: Machines["addresses"],
): Promise<void> {
  if ("waitMs" in step) return pause(step.waitMs);
  const { connection: name, expected } = step;
  const known = connections.get(name);
  const connection = known ?? (await RespConnection.open(addresses[name.startsWith("a") ? 0 : 1]));
  connections.set(name, connection);
  const [frame] = await connection.send(encodeStep(step, Date.now()), 1);
  const reply = frame ? encodeFrame(frame) : "";
  if (expected === undefined) return;
  const shown = `${printStep(step)}\n${quoted(reply)}`;
  const wanted = `${printStep(step)}\n${quoted(expected.bytes)}`;
  if (!expected.isPart) expect(shown).toBe(wanted);
  else if (!reply.includes(expected.bytes))
    expect.fail(`${shown}\nlacks ${quoted(expected.bytes)}`);
}

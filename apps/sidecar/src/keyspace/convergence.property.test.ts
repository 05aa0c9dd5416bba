/** M1–M12, P2: whatever clients of two sidecars do while these cannot talk, both show the same after. */
import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import { type Client, createRig, ErrorReply } from "./model/rig.suite.js";

const KEYS = ["k1", "k2", "sess:1"];
const FIELDS = ["f", "g"];

const key = fc.constantFrom(...KEYS);
const field = fc.constantFrom(...FIELDS);
const value = fc.constantFrom("1", "2", "x", "", '{"a":1}', '{"a":2,"b":1}');
const seconds = fc.constantFrom("100", "1000");

/** One command, as its words. */
const command = fc.oneof(
  fc.tuple(fc.constant("SET"), key, value),
  fc.tuple(fc.constant("SETEX"), key, seconds, value),
  fc.tuple(fc.constant("APPEND"), key, value),
  fc.tuple(fc.constant("INCRBY"), key, fc.constantFrom("1", "-3")),
  fc.tuple(fc.constant("HSET"), key, field, value),
  fc.tuple(fc.constant("HINCRBY"), key, field, fc.constantFrom("1", "10")),
  fc.tuple(fc.constant("HDEL"), key, field),
  fc.tuple(fc.constant("DEL"), key),
  fc.tuple(fc.constant("EXPIRE"), key, seconds),
  fc.tuple(fc.constant("PERSIST"), key),
  fc.tuple(fc.constant("GET"), key),
);

const step = fc.record({ words: command, isFirst: fc.boolean() });

async function shown(client: Client): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const name of KEYS) {
    const type = await client("TYPE", name);
    const content = await client(type === "hash" ? "HGETALL" : "GET", name);
    all.push(name, type, content, await client("PEXPIRETIME", name));
  }
  return [...all, await client("DBSIZE")];
}

test("P2: two sidecars that were apart agree once they have met", async () => {
  const rig = await createRig(2, { merge: [{ keys: "sess:*", format: "json" }] });
  const [a, b] = [rig.client(0), rig.client(1)];
  let writes = 0;
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 1, maxLength: 12 }),
    fc.array(step, { minLength: 2, maxLength: 20 }),
    async (together, apart) => {
      await a("FLUSHALL");
      for (const { words, isFirst } of together) await (isFirst ? a : b)(...words);
      await rig.cut();
      for (const { words, isFirst } of apart) {
        const reply = await (isFirst ? a : b)(...words);
        if (!(reply instanceof ErrorReply)) writes += 1;
      }
      await rig.heal();
      await vi.waitFor(async () => expect(await shown(b)).toEqual(await shown(a)));
    },
  );
  await fc.assert(property, { numRuns: 30 });
  expect(writes).toBeGreaterThan(30);
}, 60_000);

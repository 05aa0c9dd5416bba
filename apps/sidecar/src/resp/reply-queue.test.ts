import { expect, test } from "vitest";
import type { Deferred } from "./command.js";
import { error, integer, type Reply } from "./reply.js";
import { ReplyEncoder } from "./reply-encoder.js";
import { ReplyQueue } from "./reply-queue.js";

interface Promised {
  readonly promise: Promise<Reply>;
  resolve(reply: Reply): void;
  reject(failure: unknown): void;
}

function promised(): Promised {
  let resolve: Promised["resolve"] = () => undefined;
  let reject: Promised["reject"] = () => undefined;
  const promise = new Promise<Reply>((settle, fail) => {
    resolve = settle;
    reject = fail;
  });
  return { promise, resolve, reject };
}

function deferred({ promise }: Promised): Deferred {
  return { kind: "deferred", reply: promise };
}

function createQueue(): { queue: ReplyQueue; told: string[]; taken(): string } {
  const encoder = new ReplyEncoder();
  const told: string[] = [];
  const queue = new ReplyQueue({
    encoder,
    onReady: () => told.push("ready"),
    onEffect: () => told.push("effect"),
    onError: () => told.push("error"),
    onFailure: (failure, commandName) => error(`ERR ${commandName}: ${String(failure)}`),
  });
  return { queue, told, taken: () => Buffer.concat(encoder.take()).toString() };
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test("replies leave in the order of their commands, whichever is ready first", async () => {
  const { queue, taken } = createQueue();
  const [second, fourth] = [promised(), promised()];
  expect(queue.take(integer(1), 2, "a")).toBe(false);
  expect(queue.take(deferred(second), 2, "b")).toBe(false);
  queue.add(integer(3), 2);
  expect(queue.take(deferred(fourth), 2, "d")).toBe(false);
  expect(taken()).toBe(":1\r\n");
  fourth.resolve(integer(4));
  await settled();
  queue.release();
  expect(taken()).toBe("");
  expect(queue.length).toBe(3);
  second.resolve(integer(2));
  await settled();
  queue.release();
  expect(taken()).toBe(":2\r\n:3\r\n:4\r\n");
  expect(queue.length).toBe(0);
});

test("a command whose effect is to come holds up the next one until it has had it", async () => {
  const { queue, told, taken } = createQueue();
  const [effect, reply] = [promised(), promised()];
  expect(
    queue.take(
      effect.promise.then(() => deferred(reply)),
      2,
      "a",
    ),
  ).toBe(true);
  effect.resolve(integer(0));
  await settled();
  expect(told).toEqual(["effect"]);
  reply.resolve(integer(1));
  await settled();
  expect(told).toEqual(["effect", "ready"]);
  queue.release();
  expect(taken()).toBe(":1\r\n");
});

test("a command that fails is answered with an error, early or late", async () => {
  const { queue, told, taken } = createQueue();
  const [early, late] = [promised(), promised()];
  queue.take(early.promise, 2, "early");
  queue.take(deferred(late), 2, "late");
  early.reject("broken");
  late.reject("broken too");
  await settled();
  queue.release();
  expect(taken()).toBe("-ERR early: broken\r\n-ERR late: broken too\r\n");
  expect(told.filter((word) => word === "error")).toHaveLength(2);
});

test("each reply has the protocol of its command", async () => {
  const { queue, taken } = createQueue();
  const first = promised();
  queue.take(deferred(first), 2, "a");
  queue.add({ kind: "null" }, 3);
  first.resolve({ kind: "null" });
  await settled();
  queue.release();
  expect(taken()).toBe("$-1\r\n_\r\n");
});

test("what is ready and waits is counted, and no longer when it has left", async () => {
  const { queue } = createQueue();
  const first = promised();
  queue.take(deferred(first), 2, "a");
  queue.add({ kind: "array", items: [{ kind: "bulk", value: Buffer.alloc(1_000) }] }, 2);
  expect(queue.heldBytes).toBe(1_000);
  first.resolve(integer(1));
  await settled();
  queue.release();
  expect(queue.heldBytes).toBe(0);
});

import { expect, test } from "vitest";
import { integer } from "./reply.js";
import { ReplyEncoder } from "./reply-encoder.js";
import { ReplyQueue } from "./reply-queue.js";

test("replies leave in the order of their commands, whichever is ready first", () => {
  const encoder = new ReplyEncoder();
  const queue = new ReplyQueue(encoder);
  const taken = (): string => Buffer.concat(encoder.take()).toString();
  queue.add(integer(1), 2);
  const second = queue.reserve(2);
  queue.add(integer(3), 2);
  const fourth = queue.reserve(2);
  expect(taken()).toBe(":1\r\n");
  fourth(integer(4));
  queue.release();
  expect(taken()).toBe("");
  expect(queue.length).toBe(3);
  second(integer(2));
  queue.release();
  expect(taken()).toBe(":2\r\n:3\r\n:4\r\n");
  expect(queue.length).toBe(0);
});

test("each reply has the protocol of its command", () => {
  const encoder = new ReplyEncoder();
  const queue = new ReplyQueue(encoder);
  const first = queue.reserve(2);
  queue.add({ kind: "null" }, 3);
  first({ kind: "null" });
  queue.release();
  expect(Buffer.concat(encoder.take()).toString()).toBe("$-1\r\n_\r\n");
});

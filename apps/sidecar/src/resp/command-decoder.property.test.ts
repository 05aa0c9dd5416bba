import fc from "fast-check";
import { expect, test } from "vitest";
import { CommandDecoder, ProtocolError } from "./command-decoder.js";

const LIMITS = { bulkBytesMax: 4_096, argumentsMax: 64 };

const args = fc.array(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  {
    minLength: 1,
    maxLength: 8,
  },
);

function encode(command: readonly Buffer[]): Buffer {
  const bulks = command.flatMap((argument) => [
    Buffer.from(`$${argument.length}\r\n`),
    argument,
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat([Buffer.from(`*${command.length}\r\n`), ...bulks]);
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, index) => bytes.subarray(start, at[index] ?? bytes.length));
}

function decodeAll(chunks: readonly Buffer[]): { found: Buffer[][]; decoder: CommandDecoder } {
  const decoder = new CommandDecoder(LIMITS);
  const found: Buffer[][] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let next = decoder.next(); Array.isArray(next); next = decoder.next()) found.push(next);
  }
  return { found, decoder };
}

test("however the bytes of commands are cut, the commands are the same", () => {
  const commands = fc.array(args, { maxLength: 6 });
  fc.assert(
    fc.property(commands, fc.array(fc.nat(10_000), { maxLength: 40 }), (sent, places) => {
      const { found, decoder } = decodeAll(cut(Buffer.concat(sent.map(encode)), places));
      expect(found).toEqual(sent);
      expect(decoder.heldBytes).toBe(0);
      expect(decoder.isUnfinished).toBe(false);
    }),
  );
});

test("whatever bytes come, the decoder gives commands or one error, and holds no more than it got", () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(..."*$:\r\n 0129-\"'x".split("")).map((text) => Buffer.from(text)),
    args.map(encode),
    fc
      .constantFrom("*3\r\n", "$5\r\n", "$536870912\r\n", "*-1\r\n", "\r\n")
      .map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.array(noise, { maxLength: 60 }), (chunks) => {
      const { found, decoder } = decodeAll(chunks);
      expect(found.every((command) => command.length > 0)).toBe(true);
      expect(decoder.heldBytes).toBeLessThanOrEqual(chunks.reduce((sum, c) => sum + c.length, 0));
      const end = decoder.next();
      expect(end === undefined || end instanceof ProtocolError).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

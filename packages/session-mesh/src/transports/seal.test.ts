/** What a sealed frame hides, and that only the next one, unaltered, opens. */
import { describe, expect, test } from "vitest";
import { FRAMES_PER_KEY, Seal, SEAL_BYTES } from "./seal.js";

const KEYS = Uint8Array.from({ length: 64 }, (_, i) => (i * 73) & 0xff);

const pair = (keys = KEYS) => ({
  dialer: new Seal("dialer", keys),
  acceptor: new Seal("acceptor", keys),
});

const text = (frame: Uint8Array | undefined): string | undefined =>
  frame && Buffer.from(frame).toString();

const flip = (frame: Uint8Array | undefined, index: number): Uint8Array =>
  Uint8Array.from(frame ?? [], (byte, i) => (i === index ? byte ^ 1 : byte));

const sealAll = (seal: Seal, ...texts: string[]): Uint8Array[] =>
  texts.map((said) => seal.seal(Buffer.from(said)));

describe("P12: sealed frames", () => {
  test("open at the other end, both ways, in order, whatever their length", () => {
    const { dialer, acceptor } = pair();
    for (const length of [0, 1, 15, 16, 17, 1_000, 70_000]) {
      const frame = Uint8Array.from({ length }, (_, i) => (i * 31) & 0xff);
      const sealed = dialer.seal(frame);
      expect(sealed).toHaveLength(length + SEAL_BYTES);
      expect(Buffer.from(acceptor.open(sealed) ?? []).equals(frame)).toBe(true);
      expect(Buffer.from(dialer.open(acceptor.seal(frame)) ?? []).equals(frame)).toBe(true);
    }
  });

  test("show nothing of what they hold: equal frames differ, in time and in direction", () => {
    const { dialer, acceptor } = pair();
    const [first, second] = sealAll(dialer, "user: ada", "user: ada") as [Uint8Array, Uint8Array];
    const [back] = sealAll(acceptor, "user: ada") as [Uint8Array];
    const seen = [first, second, back].map((frame) => Buffer.from(frame).toString("latin1"));
    expect(new Set(seen).size).toBe(3);
    expect(seen.join("")).not.toContain("ada");
    // The same key stream twice would show where two frames are equal.
    const xor = first.map((byte, i) => byte ^ (second[i] ?? 0));
    expect(xor.subarray(0, 9).every((byte) => byte === 0)).toBe(false);
  });

  test.each<[string, (frames: Uint8Array[]) => Uint8Array]>([
    ["altered", ([a]) => flip(a, 3)],
    ["with an altered tag", ([a]) => flip(a, 25)],
    ["cut", ([a]) => (a as Uint8Array).subarray(0, 20)],
    ["cut to less than a tag", ([a]) => (a as Uint8Array).subarray(0, 15)],
    ["lengthened", ([a]) => Buffer.concat([a as Uint8Array, Buffer.of(0)])],
    ["moved before another, or after one that was left out", ([, b]) => b as Uint8Array],
    ["empty", () => new Uint8Array()],
  ])("do not open when %s, and nothing opens after", (_name, tamper) => {
    const { dialer, acceptor } = pair();
    const honest = sealAll(dialer, "ten bytes.", "more of it", "and a third");
    expect(acceptor.open(tamper(honest))).toBeUndefined();
    // The second is the one whose turn it would be; then all, whatever turn it is.
    expect(acceptor.open(honest[1] as Uint8Array)).toBeUndefined();
    for (const frame of honest) expect(acceptor.open(frame)).toBeUndefined();
  });

  test("do not open a second time", () => {
    const { dialer, acceptor } = pair();
    const [first, second] = sealAll(dialer, "once", "more") as [Uint8Array, Uint8Array];
    expect(text(acceptor.open(first))).toBe("once");
    expect(acceptor.open(first)).toBeUndefined();
    expect(acceptor.open(second)).toBeUndefined();
  });

  test("do not open when sent back, nor on another link", () => {
    const { dialer } = pair();
    const [sealed] = sealAll(dialer, "hello") as [Uint8Array];
    expect(dialer.open(sealed)).toBeUndefined();
    const other = pair(KEYS.map((byte) => byte ^ 1));
    expect(other.acceptor.open(sealed)).toBeUndefined();
  });

  test("change their key before a nonce could return, and go on", () => {
    const { dialer, acceptor } = pair();
    const frame = Buffer.from("the same every time");
    const first = Buffer.from(dialer.seal(frame)).toString("hex");
    expect(text(acceptor.open(Buffer.from(first, "hex")))).toBe("the same every time");
    for (let count = 1; count < FRAMES_PER_KEY; count++) {
      if (!acceptor.open(dialer.seal(frame))) expect.fail(`frame ${count} did not open`);
    }
    const next = dialer.seal(frame);
    expect(Buffer.from(next).toString("hex")).not.toBe(first);
    expect(text(acceptor.open(next))).toBe("the same every time");
    expect(text(acceptor.open(dialer.seal(frame)))).toBe("the same every time");
  });
});

/**
 * Frames that no honest node sends, a function of a seed: real ones with bytes changed, well-formed
 * messages with absurd fields, and encodings that lie about what follows.
 *
 * Addresses in them cannot be dialled: nothing here may leave the machine.
 * Not here: who sends them (mesh-port.test.ts).
 */
import type { Prng } from "@session-mesh/core";
import { honestFrames } from "./honest-frames.js";
import { pack, RawBytes } from "./message-pack.js";

/** How likely each part of a message is replaced: never, so that only its numbers are hostile, … */
const ABSURDITY = [0, 0.02, 0.1];

/** What a member of the mesh could send: endless, each frame another. */
export function createMessageFuzz(random: Prng, nodes: readonly string[]): () => Uint8Array {
  const recorded = honestFrames();
  return () => {
    const kind = random.range(0, 10);
    if (kind < 1) return random.pick(recorded);
    if (kind < 3) return changeBytes(random, random.pick(recorded));
    if (kind < 8) return pack(absurd(random, message(random, nodes), random.pick(ABSURDITY)));
    if (kind < 9) return lyingEncoding(random);
    return noise(random, 300);
  };
}

/** The bytes of a frame with a few of them changed, left out, doubled or added. */
export function changeBytes(random: Prng, frame: Uint8Array): Uint8Array {
  let bytes = Buffer.from(frame);
  for (let changes = random.range(1, 5); changes > 0; changes--) {
    const at = random.range(0, bytes.length + 1);
    const to = Math.min(bytes.length, at + random.range(1, 9));
    const way = random.range(0, 5);
    if (way === 0) bytes = bytes.subarray(0, at);
    else if (way === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    else if (way === 2) bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
    else if (way === 3)
      bytes = Buffer.concat([bytes.subarray(0, at), noise(random, 9), bytes.subarray(at)]);
    else if (at < bytes.length)
      bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xc0, 0xff, random.range(0, 256)]);
  }
  return bytes;
}

/** Bytes without any meaning. */
export function noise(random: Prng, lengthMax: number): Buffer {
  return Buffer.from(
    Array.from({ length: random.range(0, lengthMax) }, () => random.range(0, 256)),
  );
}

function message(random: Prng, nodes: readonly string[]): unknown[] {
  const count = (): number =>
    random.pick([0, 1, 2, 7, random.range(0, 1_000), 2 ** 31, 2 ** 53 - 1]);
  const some = <T>(make: () => T): T[] => Array.from({ length: random.range(0, 6) }, make);
  const id = (): string => sessionId(random);
  const node = (): string => random.pick([...nodes, `stranger-${random.range(0, 50)}`]);
  const member = (): unknown[] => {
    const writer = random.uint53();
    return [node(), count(), random.range(0, 5), random.chance(0.5), writer, "memory://nowhere"];
  };
  const digest = (): unknown[] => [id(), random.uint32(), random.uint32()];
  const whole = (): unknown[] => random.pick([tombstone, copy])(random);
  const messages: (() => unknown[])[] = [
    () => [1, count(), count(), count(), "default", member(), Date.now(), hlc(random)],
    () => [2, count()],
    () => [3, some(member)],
    () => [4, Date.now(), count()],
    () => [5, node()],
    () => [6, node(), random.chance(0.5)],
    () => [
      7,
      random.range(0, 9),
      count(),
      some(() => random.pick([tombstone, copy, delta])(random)),
    ],
    () => [8, count()],
    () => [9, count(), random.uint32(), random.uint32(), count()],
    () => [10, count(), Array.from({ length: random.pick([0, 2, 511, 512, 513]) }, count)],
    () => [
      11,
      count(),
      some(() => random.range(0, 300)),
      some(digest),
      random.chance(0.5),
      some(count),
    ],
    () => [12, count(), some(id), some(id)],
    () => [13, count(), some(whole)],
    () => [14, count()],
    () => [15, count(), id()],
    () => [16, count(), random.chance(0.5) ? whole() : null],
    () => [17],
    () => [18, random.pick(["clock", "proof", "nonsense"]), "said by a fuzz"],
    () => [random.range(0, 300), count(), "a type of tomorrow"],
  ];
  return random.pick(messages)();
}

/** A few ids only, so that messages meet sessions that earlier ones made. */
function sessionId(random: Prng): string {
  return `${"ABCDEFGH"[random.range(0, 8)]}fuzzed-session-id-${random.range(100, 120)}`;
}

function hlc(random: Prng): number {
  const nowHlc = (Date.now() - Date.UTC(2020)) * 2_048;
  return random.pick([0, 1, nowHlc, nowHlc + 2_048 * 3_600_000, 2 ** 53 - 1]);
}

function tombstone(random: Prng): unknown[] {
  const endMs = Date.now() + random.range(-(10 ** 9), 10 ** 10);
  return [sessionId(random), 0, endMs, random.pick([0, Date.now()])];
}

function envelope(random: Prng): unknown[] {
  const now = Date.now();
  const vector = random.chance(0.5) ? [1, 1] : [1, 1, random.uint53(), random.range(0, 9)];
  const field = ["tomorrow", random.pick(["max", "min", "or", "last", "xor"]), 5, hlc(random), 1];
  return [now, now + 10 ** 9, 10 ** 7, hlc(random), 1, now, vector, [field]];
}

function copy(random: Prng): unknown[] {
  return [sessionId(random), 1, envelope(random), hlc(random), update(random)];
}

function delta(random: Prng): unknown[] {
  const author = random.pick([1, 42, random.uint53()]);
  const commit = [author, random.range(0, 4), [], hlc(random), update(random)];
  return [sessionId(random), 2, envelope(random), random.chance(0.8) ? commit : null];
}

/** An empty Yjs update of either format, or nothing of the kind. */
function update(random: Prng): Uint8Array {
  return random.pick([
    Buffer.of(0, 0),
    Buffer.from("0000000000000000000000000000", "hex"),
    noise(random, 60),
  ]);
}

const ABSURD: readonly unknown[] = [
  null,
  true,
  false,
  -1,
  0.5,
  2 ** 53,
  1e308,
  -(2 ** 63),
  Number.NaN,
  Infinity,
  "",
  "x".repeat(2_000),
  "__proto__",
  "\0",
  "\ud800",
  [],
  {},
  { length: 2 ** 32 },
  {
    __proto__: null,
    constructor: { prototype: 1 },
  },
  Buffer.alloc(0),
  Buffer.alloc(5_000, 255),
  new RawBytes(193),
  new RawBytes(214, 255, 0, 0, 0, 0),
  new RawBytes(223, 255, 255, 255, 255),
  new RawBytes(207, ...new Uint8Array(8).fill(255)),
  new RawBytes(211, 128, ...new Uint8Array(7)),
];

/** The same tree with some of its nodes replaced, left out or doubled. */
function absurd(random: Prng, tree: unknown, chance: number): unknown {
  if (random.chance(chance)) return random.pick(ABSURD);
  if (!Array.isArray(tree)) return tree;
  return tree.flatMap((inner) => {
    if (random.chance(chance / 4)) return [];
    const changed = absurd(random, inner, chance);
    return random.chance(chance / 4) ? [changed, changed] : [changed];
  });
}

function lyingEncoding(random: Prng): Uint8Array {
  const depth = random.pick([10, 31, 32, 33, 100, 10_000]);
  const encodings = [
    () => Buffer.concat([Buffer.alloc(depth, 0x91), Buffer.of(0xc0)]),
    () => Buffer.concat([Buffer.alloc(depth, 0x81), noise(random, 20)]),
    () => Buffer.of(0xdd, 0xff, 0xff, 0xff, 0xff),
    () => Buffer.of(0x92, 3, 0xdd, 0x7f, 0xff, 0xff, 0xff, 0xc0),
    () => Buffer.of(0x93, 16, 1, 0xc6, 0x3f, 0xff, 0xff, 0xff),
    () => Buffer.of(0x92, 8, 0xdb, 0xff, 0xff, 0xff, 0xff, 0x61),
    () => Buffer.concat([pack(message(random, [])), noise(random, 30)]),
    () => Buffer.concat([pack(message(random, [])), pack(message(random, []))]),
    () => pack([random.range(1, 19)]),
    () => pack([random.range(1, 19), ...Array.from({ length: 3_000 }, () => 1)]),
  ];
  return random.pick(encodings)();
}

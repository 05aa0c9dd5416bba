/**
 * A seeded random generator (xoshiro128**, Blackman & Vigna 2018, https://prng.di.unimi.it), so that
 * a run is a function of its seed in every engine. Not for secrets.
 */
export interface Prng {
  /** An integer in [0, 2^32). */
  uint32(): number;
  /** An integer in [1, 2^53), fit for a writer id. */
  uint53(): number;
  /** An integer in [minInclusive, maxExclusive). */
  range(minInclusive: number, maxExclusive: number): number;
  /** True with probability `p`. */
  chance(p: number): boolean;
  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T;
  /** A shuffled copy. */
  shuffle<T>(items: readonly T[]): T[];
}

function splitmix32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
}

const rotateLeft = (x: number, k: number): number => ((x << k) | (x >>> (32 - k))) >>> 0;

/** Creates the generator of `seed`; equal seeds give equal sequences. Up to 53 bits of `seed` count. */
export function createPrng(seed: number): Prng {
  const mix = splitmix32(seed >>> 0);
  const high = splitmix32(Math.floor(seed / 0x1_0000_0000) >>> 0);
  const s: [number, number, number, number] = [mix(), mix() ^ high(), mix(), mix() ^ high()];

  function uint32(): number {
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5) >>> 0, 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotateLeft(s[3] >>> 0, 11);
    return result;
  }

  const fraction = (): number => uint32() / 0x1_0000_0000;
  const range = (minInclusive: number, maxExclusive: number): number =>
    minInclusive + Math.floor(fraction() * (maxExclusive - minInclusive));

  return {
    uint32,
    uint53: () => (uint32() & 0x1fffff) * 0x1_0000_0000 + uint32() || 1,
    range,
    chance: (p) => fraction() < p,
    pick: (items) => items[range(0, items.length)] as (typeof items)[number],
    shuffle(items) {
      const copy = [...items];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = range(0, i + 1);
        const other = copy[j] as (typeof copy)[number];
        copy[j] = copy[i] as (typeof copy)[number];
        copy[i] = other;
      }
      return copy;
    },
  };
}

/**
 * What a node knows of members, in a few numbers: sums of hashes over the facts that it may tell, by
 * part of the table, so that two tables can be compared before either is sent.
 *
 * The order in which facts came makes no difference. A part is taken for equal wrongly once in 2^32
 * times; what is not told for that reason comes with the next exchange of whole tables.
 *
 * Not here: what is told (dissemination.ts). The hash is part of the protocol, and docs/PROTOCOL.md
 * has it; it is no proof against a forger, and need not be: who is asked here has proved the secret.
 */
import type { MemberFact } from "../wire/messages.js";

/** Into how many parts a table is divided at most; a power of two, as every division is. */
export const PARTS_MAX = 128;

/** How many members share a part of a table that is not larger than {@link PARTS_MAX} such parts. */
const MEMBERS_PER_PART = 8;

/** The sums of one table, kept as it changes. */
export class RosterSums {
  readonly #sums = new Uint32Array(PARTS_MAX);

  /** What is known of a member is no more the one, and is the other. `gone` is never told. */
  replace(before: MemberFact | undefined, after: MemberFact | undefined): void {
    if (before && before.state !== "gone") this.#add(before, -1);
    if (after && after.state !== "gone") this.#add(after, 1);
  }

  /** The sums in so many parts; undefined where the table cannot be divided so. */
  inParts(parts: number): readonly number[] | undefined {
    if (parts < 1 || PARTS_MAX % parts !== 0) return undefined;
    const folded = new Uint32Array(parts);
    for (let i = 0; i < PARTS_MAX; i++) {
      const part = i % parts;
      folded[part] = (folded[part] as number) + (this.#sums[i] as number);
    }
    return [...folded];
  }

  #add(fact: MemberFact, sign: 1 | -1): void {
    const { part, hash } = hashOf(fact);
    this.#sums[part] = (this.#sums[part] as number) + sign * hash;
  }
}

/** Into how many parts a table of so many members is best divided. */
export function partsFor(members: number): number {
  let parts = 1;
  while (parts < PARTS_MAX && parts * MEMBERS_PER_PART < members) parts *= 2;
  return parts;
}

/** The part that a fact belongs to, where there are {@link PARTS_MAX}, by its node's name alone. */
export const partOf = ({ node }: MemberFact): number => scramble(hashText(0, node)) % PARTS_MAX;

function hashOf(fact: MemberFact): { part: number; hash: number } {
  const { node, incarnation, state, draining, writer, address } = fact;
  const name = hashText(0, node);
  let hash = hashText(hashNumber(name, incarnation), state);
  hash = hashNumber(hashWord(hash, Number(draining)), writer);
  hash = hashText(hash, address);
  return { part: scramble(name) % PARTS_MAX, hash: scramble(hash) };
}

function hashText(from: number, text: string): number {
  let hash = from;
  for (let i = 0; i < text.length; i++) hash = hashWord(hash, text.charCodeAt(i));
  return hashWord(hash, text.length);
}

/** An integer from 0 to 2^53, in two words. */
function hashNumber(hash: number, value: number): number {
  return hashWord(hashWord(hash, value | 0), Math.floor(value / 0x1_0000_0000) | 0);
}

function hashWord(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0xcc9e2d51);
  return Math.imul(mixed ^ (mixed >>> 15), 0x1b873593);
}

function scramble(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

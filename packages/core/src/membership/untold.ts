/**
 * Facts that are news here and were not told yet, and which links need not be told: who told a fact
 * knows it, and what a node knows of a member is only ever superseded.
 *
 * Not here: when they are told (dissemination.ts), and what is news (roster.ts).
 */
import type { LinkId, NodeId } from "../ids.js";
import type { MemberFact } from "../wire/messages.js";

/** A fact to be told. */
interface Untold {
  readonly fact: MemberFact;
  /** A bit for each of the links at whose other end it is known, 32 in a number. */
  readonly knownBy: number[];
}

/** The news of one node. */
export class UntoldFacts {
  readonly #untold = new Map<NodeId, Untold>();
  /** Which bit stands for a link, since all was told; so there are no more than links then. */
  #bits = new Map<LinkId, number>();

  /** This is news, whoever said it. */
  put(fact: MemberFact): void {
    this.#untold.set(fact.node, { fact, knownBy: [] });
  }

  /** These facts came by `link`, known before or not. */
  heard(link: LinkId, facts: readonly MemberFact[]): void {
    if (this.#untold.size === 0) return;
    const bit = this.#bitOf(link);
    for (const fact of facts) {
      const untold = this.#untold.get(fact.node);
      if (untold && isSame(untold.fact, fact)) mark(untold, bit);
    }
  }

  /** Whoever is at the other end of `link` knows all that is known here. */
  heardAll(link: LinkId): void {
    if (this.#untold.size === 0) return;
    const bit = this.#bitOf(link);
    for (const untold of this.#untold.values()) mark(untold, bit);
  }

  /** Takes out all, or what is untold of one node, to be told. */
  take(node?: NodeId): Telling {
    const isAll = node === undefined;
    const taken = isAll ? [...this.#untold.values()] : [this.#untold.get(node)];
    const telling = new Telling(
      // `gone` is this node's own verdict.
      taken.filter((each) => each !== undefined && each.fact.state !== "gone") as Untold[],
      this.#bits,
    );
    if (isAll) this.#untold.clear();
    else this.#untold.delete(node);
    if (this.#untold.size === 0) this.#bits = new Map();
    return telling;
  }

  #bitOf(link: LinkId): number {
    const bit = this.#bits.get(link) ?? this.#bits.size;
    this.#bits.set(link, bit);
    return bit;
  }
}

/** What is to be told now. */
export class Telling {
  /** All of it, for who told none of it. */
  readonly facts: readonly MemberFact[];
  readonly #untold: readonly Untold[];
  readonly #bits: ReadonlyMap<LinkId, number>;

  constructor(untold: readonly Untold[], bits: ReadonlyMap<LinkId, number>) {
    this.#untold = untold;
    this.#bits = bits;
    this.facts = untold.map(({ fact }) => fact);
  }

  /** What the other end of a link may not know; {@link Telling.facts} itself where that is all. */
  for(link: LinkId): readonly MemberFact[] {
    const bit = this.#bits.get(link);
    if (bit === undefined) return this.facts;
    const [word, mask] = [bit >>> 5, 1 << (bit & 31)];
    const unknown = this.#untold.filter(({ knownBy }) => ((knownBy[word] ?? 0) & mask) === 0);
    return unknown.length === this.facts.length ? this.facts : unknown.map(({ fact }) => fact);
  }
}

function mark({ knownBy }: Untold, bit: number): void {
  const word = bit >>> 5;
  while (knownBy.length <= word) knownBy.push(0);
  knownBy[word] = (knownBy[word] as number) | (1 << (bit & 31));
}

function isSame(a: MemberFact, b: MemberFact): boolean {
  if (a.incarnation !== b.incarnation || a.state !== b.state) return false;
  return a.draining === b.draining && a.writer === b.writer && a.address === b.address;
}

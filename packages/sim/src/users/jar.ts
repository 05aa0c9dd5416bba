/**
 * What one user takes from node to node: the revisions that responses told him to take along, as the
 * cookies of the shell do, and beside them, for the checker alone, all that he was ever shown.
 *
 * Not here: the cookies themselves, and whether he is shown what he is owed (token-checker.ts).
 */
import {
  beyond,
  joinVectors,
  type Millis,
  type Unshared,
  type VersionVector,
  type WriterId,
} from "@session-mesh/core";
import type { NodePort } from "./node-port.js";

/** How long a token lives; while a member that lacks it cannot be reached, `goneAfterMs`. */
export const TOKEN_LIFE_MS: Millis = 60_000;

interface Token {
  readonly rev: number;
  readonly untilMs: Millis;
}

/** A response on its way to the user. */
export interface Response {
  /** All that it shows of the session, what it wrote included. */
  readonly revisions: VersionVector;
  /** What it wrote: the node's own revision. */
  readonly wrote: VersionVector;
  readonly unshared: Unshared;
  /** What its user had seen once and nobody will see again. */
  readonly lost: VersionVector;
  /** The processes that its node counts among the members, itself included. */
  readonly members: readonly NodePort[];
  readonly lifeMs: Millis;
}

/** One user's memory of one session. */
export class Jar {
  /** All that was ever written by him, and all that he was ever shown. */
  wrote: VersionVector = [];
  seen: VersionVector = [];
  lost: VersionVector = [];
  readonly #tokensMax: number;
  readonly #tokens = new Map<WriterId, Token>();
  /** Who was said to hold a revision, when no token of it was needed. */
  readonly #shared = new Map<WriterId, { rev: number; members: readonly NodePort[] }>();

  /** `tokensMax`: how many tokens he takes along at most. */
  constructor(tokensMax: number) {
    this.#tokensMax = tokensMax;
  }

  /** Whether the tokens of a response fit beside those he has. */
  fits({ revisions }: Unshared): boolean {
    const more = revisions.filter(
      (writer, i) => i % 2 === 0 && !this.#tokens.has(writer as WriterId),
    );
    return this.#tokens.size + more.length <= this.#tokensMax;
  }

  /** A response arrived. */
  take(response: Response, nowMs: Millis): void {
    const { revisions, unshared, lost, members, lifeMs } = response;
    this.seen = joinVectors(this.seen, revisions);
    this.wrote = joinVectors(this.wrote, response.wrote);
    this.lost = joinVectors(this.lost, lost);
    const shared = beyond(revisions, unshared.revisions);
    for (const [writer, rev] of pairsOf(shared)) {
      const known = this.#shared.get(writer);
      if (!known || known.rev <= rev) this.#shared.set(writer, { rev, members });
      if ((this.#tokens.get(writer)?.rev ?? 0) <= rev) this.#tokens.delete(writer);
    }
    for (const [writer, rev] of pairsOf(unshared.revisions)) {
      const before = this.#tokens.get(writer);
      if (before && before.rev > rev) continue;
      this.#tokens.set(writer, { rev, untilMs: nowMs + lifeMs });
    }
    for (const [writer, rev] of pairsOf(lost)) {
      if ((this.#tokens.get(writer)?.rev ?? 0) <= rev) this.#tokens.delete(writer);
    }
  }

  /** What a request brings along. */
  tokens(nowMs: Millis): VersionVector {
    let tokens: VersionVector = [];
    for (const [writer, { rev, untilMs }] of this.#tokens) {
      if (untilMs > nowMs) tokens = joinVectors(tokens, [writer, rev]);
    }
    return tokens;
  }

  /** Whether a node said that all members held this revision already. */
  isShared(writer: WriterId, rev: number): boolean {
    return (this.#shared.get(writer)?.rev ?? 0) >= rev;
  }

  /** Whether a node said that `run` held this revision already. */
  isSaidToHold(run: NodePort, writer: WriterId, rev: number): boolean {
    const known = this.#shared.get(writer);
    return known !== undefined && known.rev >= rev && known.members.includes(run);
  }
}

/** The writers of a vector with their counts. */
export function pairsOf(vector: VersionVector): (readonly [WriterId, number])[] {
  const pairs: (readonly [WriterId, number])[] = [];
  for (let i = 0; i < vector.length; i += 2) {
    pairs.push([vector[i] as WriterId, vector[i + 1] as number]);
  }
  return pairs;
}

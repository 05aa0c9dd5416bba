/**
 * The tokens of one request: what its user has seen, as the cookies that came say, and the cookies
 * that go, if its response wrote or read something that another node may lack (P5).
 *
 * Not here: waiting for what was seen (the mesh), and when the response goes (session-exchange.ts).
 */
import {
  beyond,
  joinVectors,
  type Millis,
  type Unshared,
  type VersionVector,
} from "@session-mesh/core";
import type { TokenCookie, TokenSlots } from "./token-slots.js";
import { decodeToken, encodeToken, type VersionToken } from "./version-token.js";

/** How long a client keeps a token: what it tells of has reached all nodes that can be reached by then. */
export const TOKEN_LIFE_MS: Millis = 60_000;

const NOTHING: VersionVector = [];
const NO_TOKENS: readonly VersionToken[] = [];

/** What a response shows of its session. */
export interface Shown {
  /** What of it some member may lack. */
  readonly unshared: Unshared;
  /** All of it. */
  readonly revisions: VersionVector;
  /** What its user has seen once and nobody will see again. */
  readonly lost: VersionVector;
}

/** What went out for a response. */
export interface IssuedTokens {
  readonly cookies: readonly TokenCookie[];
  /** Whether this node's own revision is taken along, if another may lack it. */
  readonly hasOwn: boolean;
}

/** See the file's comment. */
export class VersionTokens {
  readonly #secrets: readonly string[];
  readonly #slots: TokenSlots;
  readonly #came: ReadonlyMap<string, string>;
  readonly #tokens: readonly VersionToken[];
  #verified: { readonly id: string; readonly revisions: VersionVector } | undefined;

  /** `came`: the tokens that the request brought, by name. */
  constructor(
    came: ReadonlyMap<string, string>,
    options: { readonly secrets: readonly string[]; readonly slots: TokenSlots },
  ) {
    this.#secrets = options.secrets;
    this.#slots = options.slots;
    this.#came = came;
    this.#tokens = came.size === 0 ? NO_TOKENS : decodeTokens(came.values());
  }

  /** What the user has seen of session `id` beyond what is `held`. */
  seenBeyond(id: string, held: VersionVector): VersionVector {
    // Most of what comes is held here: a token that says no more need not even be genuine.
    const isMore = this.#tokens.some((token) => beyond(token.revisions, held).length > 0);
    return isMore ? beyond(this.#seen(id), held) : NOTHING;
  }

  /** The cookies that let the user take along what of session `id` other nodes may lack. */
  issue(id: string, shown: Shown): IssuedTokens {
    const { unshared } = shown;
    const news = unshared.revisions.length === 0 ? NOTHING : this.#newsOf(id, unshared);
    const cookies: TokenCookie[] = [];
    let hasOwn = true;
    for (const part of parts(news, unshared.writer)) {
      const cookie = this.#slots.issue(id, this.#came, (replaced) => {
        const kept =
          replaced === undefined ? NOTHING : this.#keptOf(replaced, { id, news: part, shown });
        return encodeToken(joinVectors(kept, part), id, this.#secrets);
      });
      if (cookie) cookies.push(cookie);
      else if (part.includes(unshared.writer)) hasOwn = false;
    }
    return { cookies, hasOwn };
  }

  #newsOf(id: string, { revisions }: Unshared): VersionVector {
    // Where no token claims to tell any of it, none need be genuine.
    const isClaimed = this.#tokens.some(
      (token) => beyond(revisions, token.revisions).length < revisions.length,
    );
    return isClaimed ? beyond(revisions, this.#seen(id)) : revisions;
  }

  /** What an older token says beyond `news`, without what all have by now or nobody has. */
  #keptOf(
    value: string,
    { id, news, shown }: { id: string; news: VersionVector; shown: Shown },
  ): VersionVector {
    const token = decodeToken(value);
    if (!token) return NOTHING;
    const far = beyond(beyond(token.revisions, shown.revisions), shown.lost);
    const kept: number[] = [];
    for (let i = 0; i < token.revisions.length; i += 2) {
      const [writer, count] = [token.revisions[i] as number, token.revisions[i + 1] as number];
      const isNeeded = far.includes(writer) || shown.unshared.revisions.includes(writer);
      if (isNeeded) kept.push(writer, count);
    }
    const rest = beyond(kept, news);
    return rest.length > 0 && token.isSignedFor(id, this.#secrets) ? rest : NOTHING;
  }

  #seen(id: string): VersionVector {
    if (this.#verified?.id !== id) {
      const genuine = this.#tokens.filter((token) => token.isSignedFor(id, this.#secrets));
      const revisions = genuine.reduce(
        (seen, token) => joinVectors(seen, token.revisions),
        NOTHING,
      );
      this.#verified = { id, revisions };
    }
    return this.#verified.revisions;
  }
}

/** Those of `values` that can be tokens. */
function decodeTokens(values: Iterable<string>): readonly VersionToken[] {
  const tokens: VersionToken[] = [];
  for (const value of values) {
    const token = decodeToken(value);
    if (token) tokens.push(token);
  }
  return tokens;
}

/** Revisions in parts that fit into a token each, the writer's own first. */
function parts(revisions: VersionVector, own: number): VersionVector[] {
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0; i < revisions.length; i += 2) {
    const pair = [revisions[i] as number, revisions[i + 1] as number] as const;
    if (pair[0] === own) pairs.unshift(pair);
    else pairs.push(pair);
  }
  const result: VersionVector[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    result.push(pairs.slice(i, i + 2).reduce<VersionVector>((a, b) => joinVectors(a, b), NOTHING));
  }
  return result;
}

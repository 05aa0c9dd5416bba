/**
 * What a shop's pages tell of a session, whichever framework serves them.
 *
 * Not here: what must be there (ledger.ts).
 */

/** What the shop shows of a session. */
export interface Shown {
  /** Which process answered. */
  readonly node: string;
  readonly user: string | null;
  readonly cart: readonly string[];
  readonly likes: Readonly<Record<string, true>>;
  readonly note: string | null;
  readonly views: number;
}

/**
 * Which element of a list as it was left is which element of the list as it was read.
 *
 * First those that are the same object, wherever they stand now; between those that kept their order,
 * the longest common subsequence of equal ones; then, objects only, those that stand in the same
 * order between matched neighbours: they were edited (M7). The rest is new, or removed.
 *
 * Not here: what the application may do to one element (diff.ts).
 */
import { canonicalContent, canonicalView, equalsView } from "./equality.js";
import type { Content } from "./values.js";
import type { View } from "./view.js";

/** Of longer stretches than this product of lengths, a common subsequence is found, maybe not the longest. */
const LCS_CELLS_MAX = 65_536;

/** For each element as left: the index of the element as read, or -1; and whether it kept its order. */
export interface Matching {
  readonly indexes: readonly number[];
  readonly isKept: readonly boolean[];
}

/** Whether changing the element `view` into `content` is an edit of it. */
function isEdit(view: View, content: Content): boolean {
  if (content.kind === "object" || content.kind === "list") {
    if (view.shown === content.kind) return true;
  }
  return equalsView(view, content);
}

/** Matches `items` with `views`. */
export function matchItems(
  views: readonly View[],
  items: readonly Content[],
  identities: ReadonlyMap<unknown, View>,
): Matching {
  const matcher = new Matcher(views, items);
  matcher.matchIdentities(identities);
  matcher.matchBetweenAnchors();
  return matcher;
}

class Matcher implements Matching {
  readonly indexes: number[];
  readonly isKept: boolean[];
  readonly #views: readonly View[];
  readonly #items: readonly Content[];
  readonly #isUsed: boolean[];

  constructor(views: readonly View[], items: readonly Content[]) {
    this.#views = views;
    this.#items = items;
    this.indexes = items.map(() => -1);
    this.isKept = items.map(() => false);
    this.#isUsed = views.map(() => false);
  }

  matchIdentities(identities: ReadonlyMap<unknown, View>): void {
    if (identities.size === 0) return;
    const indexOf = new Map(this.#views.map((view, i) => [view, i]));
    this.#items.forEach((item, j) => {
      const view = "source" in item ? identities.get(item.source) : undefined;
      const i = view && indexOf.get(view);
      if (view === undefined || i === undefined || this.#isUsed[i] || !isEdit(view, item)) return;
      this.indexes[j] = i;
      this.#isUsed[i] = true;
    });
    for (const j of longestAscent(this.indexes)) this.isKept[j] = true;
  }

  matchBetweenAnchors(): void {
    let fromView = 0;
    let fromItem = 0;
    for (let j = 0; j <= this.#items.length; j++) {
      if (j < this.#items.length && !this.isKept[j]) continue;
      const toView = this.indexes[j] ?? this.#views.length;
      this.#matchStretch([fromView, toView], [fromItem, j]);
      fromView = toView + 1;
      fromItem = j + 1;
    }
  }

  #matchStretch(
    [fromView, toView]: readonly [number, number],
    [fromItem, toItem]: readonly [number, number],
  ): void {
    const viewIndexes = indexesWhere(fromView, toView, (i) => !this.#isUsed[i]);
    const itemIndexes = indexesWhere(fromItem, toItem, (j) => this.indexes[j] === -1);
    const pairs = this.#equalPairs(viewIndexes, itemIndexes);
    let v = 0;
    let t = 0;
    for (const [pairView, pairItem] of [...pairs, [viewIndexes.length, itemIndexes.length]]) {
      this.#pairObjects(viewIndexes.slice(v, pairView), itemIndexes.slice(t, pairItem));
      if (pairView < viewIndexes.length) {
        this.#keep(viewIndexes[pairView] as number, itemIndexes[pairItem] as number);
      }
      v = pairView + 1;
      t = pairItem + 1;
    }
  }

  #equalPairs(viewIndexes: readonly number[], itemIndexes: readonly number[]): Pair[] {
    const isEqual = (v: number, t: number): boolean =>
      equalsView(
        this.#views[viewIndexes[v] as number] as View,
        this.#items[itemIndexes[t] as number] as Content,
      );
    const shorter = Math.min(viewIndexes.length, itemIndexes.length);
    let prefix = 0;
    while (prefix < shorter && isEqual(prefix, prefix)) prefix++;
    let suffix = 0;
    const [lastView, lastItem] = [viewIndexes.length - 1, itemIndexes.length - 1];
    while (suffix < shorter - prefix && isEqual(lastView - suffix, lastItem - suffix)) suffix++;
    const pairs: Pair[] = [];
    for (let i = 0; i < prefix; i++) pairs.push([i, i]);
    const views = viewIndexes.slice(prefix, viewIndexes.length - suffix);
    const items = itemIndexes.slice(prefix, itemIndexes.length - suffix);
    const middle = commonSubsequence(
      views.map((i) => canonicalView(this.#views[i] as View)),
      items.map((j) => canonicalContent(this.#items[j] as Content)),
    );
    for (const [v, t] of middle) pairs.push([v + prefix, t + prefix]);
    for (let i = suffix - 1; i >= 0; i--) pairs.push([lastView - i, lastItem - i]);
    return pairs;
  }

  #pairObjects(viewIndexes: readonly number[], itemIndexes: readonly number[]): void {
    const views = viewIndexes.filter((i) => this.#views[i]?.shown === "object");
    const items = itemIndexes.filter((j) => this.#items[j]?.kind === "object");
    for (let i = 0; i < Math.min(views.length, items.length); i++) {
      this.#keep(views[i] as number, items[i] as number);
    }
  }

  #keep(view: number, item: number): void {
    const isSame = isEdit(this.#views[view] as View, this.#items[item] as Content);
    if (!isSame) return;
    this.indexes[item] = view;
    this.isKept[item] = true;
    this.#isUsed[view] = true;
  }
}

type Pair = readonly [view: number, item: number];

function indexesWhere(from: number, to: number, isWanted: (index: number) => boolean): number[] {
  const indexes: number[] = [];
  for (let i = from; i < to; i++) if (isWanted(i)) indexes.push(i);
  return indexes;
}

/** The indexes, ascending, of a longest strictly ascending subsequence of the values that are not -1. */
function longestAscent(values: readonly number[]): number[] {
  const tails: number[] = [];
  const before: number[] = [];
  values.forEach((value, j) => {
    if (value < 0) return;
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[tails[middle] as number] as number) < value) low = middle + 1;
      else high = middle;
    }
    before[j] = low > 0 ? (tails[low - 1] as number) : -1;
    tails[low] = j;
  });
  const ascent: number[] = [];
  for (let j = tails.at(-1) ?? -1; j >= 0; j = before[j] as number) ascent.push(j);
  return ascent.reverse();
}

function commonSubsequence(a: readonly string[], b: readonly string[]): Pair[] {
  if (a.length === 0 || b.length === 0) return [];
  if (a.length * b.length > LCS_CELLS_MAX) return firstFitSubsequence(a, b);
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] as number;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const isEqual = a[i] === b[j];
      lengths[i * width + j] = isEqual
        ? at(i + 1, j + 1) + 1
        : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pairs: Pair[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return pairs;
}

/** Each text of `b` takes the first equal one of `a` that is free; of these pairs the longest ascent. */
function firstFitSubsequence(a: readonly string[], b: readonly string[]): Pair[] {
  const free = new Map<string, number[]>();
  for (let i = a.length - 1; i >= 0; i--) {
    const text = a[i] as string;
    const indexes = free.get(text);
    if (indexes) indexes.push(i);
    else free.set(text, [i]);
  }
  const fits = b.map((text) => free.get(text)?.pop() ?? -1);
  return longestAscent(fits).map((j) => [fits[j] as number, j]);
}

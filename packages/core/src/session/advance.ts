/**
 * Carries a reader over his own commit while he goes on with the value he holds: what others wrote
 * meanwhile is in the document then, but not in his hands, and must not look like his deletion or his
 * change the next time his value is compared.
 *
 * So the new base shows exactly the value that was committed. Where the document shows the same, it
 * speaks of the document's entries, his own new list elements among them; where another's write shows
 * there, of those he read before.
 *
 * Not here: telling differences (diff.ts), and handing the document's own value out (snapshot.ts).
 */
import { equalsView } from "./equality.js";
import { matchItems } from "./match.js";
import { positionBetween, rankOf } from "./positions.js";
import type { Base, Snapshot } from "./snapshot.js";
import { type Content, contentOf } from "./values.js";
import type { View } from "./view.js";

type ObjectContent = Extract<Content, { kind: "object" }>;
type ListContent = Extract<Content, { kind: "list" }>;

/** A value was checked when it was committed; a base is not refused for its size. */
const NO_LIMITS = { bytesMax: Number.MAX_SAFE_INTEGER };

/**
 * The base for going on with `value`, which was read with `base` and has just been committed to the
 * document that `fresh` was read from since.
 */
export function advance({ base, value }: Snapshot, fresh: Base): Base {
  const content = contentOf(value, NO_LIMITS, undefined);
  const advancing = new Advancing(base.identities);
  const root = advancing.view(base.root, fresh.root, content);
  return { root, identities: advancing.identities, intents: undefined };
}

class Advancing {
  readonly identities: Map<unknown, View> = new Map<unknown, View>();
  readonly #identitiesBefore: Base["identities"];

  constructor(identitiesBefore: Base["identities"]) {
    this.#identitiesBefore = identitiesBefore;
  }

  /** A view that shows `content`; undefined where it lives nowhere, as beneath what others removed. */
  view(before: View | undefined, now: View | undefined, content: Content): View | undefined {
    for (const view of [now, before]) {
      if (!view || !equalsView(view, content)) continue;
      this.#note(view, content);
      return view;
    }
    if (content.kind === "object") return this.#object(before, now, content);
    if (content.kind === "list") return this.#list(before, now, content);
    if (content.kind !== "scalar" || typeof content.value !== "number" || !now?.counter) {
      return undefined;
    }
    if (now.shown !== "counter") return undefined;
    return { ...now, counter: { ...now.counter, value: content.value }, memo: undefined };
  }

  #object(
    before: View | undefined,
    now: View | undefined,
    { fields }: ObjectContent,
  ): View | undefined {
    const model = [now, before].find((view) => view?.shown === "object");
    if (!model) return undefined;
    const kept = new Map<string, View>();
    for (const [name, content] of fields) {
      const view = this.view(before?.fields.get(name), now?.fields.get(name), content);
      if (view) kept.set(name, view);
    }
    return { ...model, fields: kept, memo: undefined };
  }

  #list(before: View | undefined, now: View | undefined, { items }: ListContent): View | undefined {
    const was = before?.shown === "list" ? before : undefined;
    const is = now?.shown === "list" ? now : undefined;
    const model = is ?? was;
    if (!model) return undefined;
    const { indexes, isKept } = matchItems(was?.items ?? [], items, this.#identitiesBefore);
    const current = new Map(is?.items.map((view) => [view.key, view]));
    const added = new Set(is?.items);
    for (const { key } of was?.items ?? []) added.delete(current.get(key) as View);
    const kept: View[] = [];
    const sources: Content[] = [];
    let low: string | undefined;
    items.forEach((content, j) => {
      const old = was?.items[indexes[j] as number];
      const fresh = old ? current.get(old.key) : takeEqual(added, content, low);
      const shown = this.view(old, fresh, content);
      if (!shown) return;
      // An element that others moved still stands where this reader sees it; one that he moved, and
      // others removed, stands nowhere.
      const rank = old && isKept[j] ? old.rank : fresh?.rank;
      if (rank !== undefined) low = rank;
      kept.push({ ...shown, rank, memo: undefined });
      sources.push(content);
    });
    const placed = withRanks(kept);
    // Ranks that do not ascend have no room between them; then the list as it stands must do.
    if (!placed) return model;
    placed.forEach((view, i) => this.#identify(sources[i] as Content, view));
    return { ...model, items: placed, memo: undefined };
  }

  /** Notes which list elements the parts of `content` are; `view` shows an equal value. */
  #note(view: View, content: Content): void {
    if (content.kind === "object") {
      for (const [name, field] of content.fields) {
        const part = view.fields.get(name);
        if (part) this.#note(part, field);
      }
    } else if (content.kind === "list" && view.shown === "list") {
      content.items.forEach((item, i) => {
        const part = view.items[i] as View;
        this.#note(part, item);
        this.#identify(item, part);
      });
    }
  }

  #identify(content: Content, view: View): void {
    if ("source" in content) this.identities.set(content.source, view);
  }
}

/** Takes the first element after the rank `low` that shows `content`. */
function takeEqual(views: Set<View>, content: Content, low: string | undefined): View | undefined {
  for (const view of views) {
    if (!isAbove(view.rank, low) || !equalsView(view, content)) continue;
    views.delete(view);
    return view;
  }
  return undefined;
}

/** Gives those that have no rank one between their neighbours'; undefined where there is no room. */
function withRanks(views: readonly View[]): View[] | undefined {
  let low: string | undefined;
  const placed: View[] = [];
  for (const [i, view] of views.entries()) {
    const high = view.rank ?? views.slice(i).find(({ rank }) => rank !== undefined)?.rank;
    if (high !== undefined && !isAbove(high, low)) return undefined;
    low = view.rank ?? rankOf(positionBetween(low, high), "");
    placed.push({ ...view, rank: low, memo: undefined });
  }
  return placed;
}

function isAbove(rank: string | undefined, low: string | undefined): boolean {
  return low === undefined || (rank !== undefined && rank > low);
}

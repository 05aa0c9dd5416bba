/**
 * After a commit: makes what the application holds and what the mesh holds the same again, so that
 * the next difference tells only what is changed from now on.
 *
 * The application may keep references to objects within its session across a commit. So objects that
 * were handed out to it are changed in place where another request's change has merged in; objects
 * of its own (a shared constant, say) are never touched, but replaced by copies.
 *
 * Not here: telling differences (core).
 */
import { isDeepStrictEqual } from "node:util";
import type { Base, Snapshot } from "@session-mesh/core";

type View = NonNullable<Base["root"]>;
type PlainObject = Record<string, unknown>;

/** Objects that the application got from its session, and that may therefore be changed for it. */
export type HandedOut = Set<unknown>;

/** Notes every object within `value` as handed out. */
export function noteHandedOut(value: unknown, handedOut: HandedOut): void {
  if (!isContainer(value) || handedOut.has(value)) return;
  handedOut.add(value);
  for (const part of Object.values(value)) noteHandedOut(part, handedOut);
}

/** What the application holds: what it read it from, and which objects it was given. */
export interface Held {
  readonly snapshot: Snapshot;
  readonly handedOut: HandedOut;
}

/** Carries what the application holds over to `fresh`, what the mesh holds now. */
export function rebase({ snapshot, handedOut }: Held, fresh: Snapshot): Snapshot {
  const rebaser = new Rebaser(snapshot.base, fresh.base, handedOut);
  const value = rebaser.settle(snapshot.value, fresh.value) as Snapshot["value"];
  return { value, base: { ...fresh.base, identities: rebaser.identities } };
}

class Rebaser {
  readonly identities: Map<unknown, View>;
  readonly #before: Base;
  readonly #handedOut: HandedOut;
  /** Live objects that already stand for a fresh one: one that stood twice would be changed twice. */
  readonly #settled = new Set<unknown>();

  constructor(before: Base, fresh: Base, handedOut: HandedOut) {
    this.identities = new Map(fresh.identities);
    this.#before = before;
    this.#handedOut = handedOut;
  }

  /** What is to stand where `live` stood: itself if it is, or can be made, equal to `fresh`. */
  settle(live: unknown, fresh: unknown): unknown {
    const settled = this.#settle(live, fresh);
    const view = settled === fresh ? undefined : this.identities.get(fresh);
    if (view) this.identities.set(settled, view);
    return settled;
  }

  #settle(live: unknown, fresh: unknown): unknown {
    if (!isContainer(fresh)) return isSameLeaf(live, fresh) ? live : fresh;
    const isMatch =
      isContainer(live) &&
      Array.isArray(live) === Array.isArray(fresh) &&
      typeof live.toJSON !== "function" &&
      !this.#settled.has(live);
    if (!isMatch) {
      noteHandedOut(fresh, this.#handedOut);
      return fresh;
    }
    this.#settled.add(live);
    return Array.isArray(fresh)
      ? this.#settleList(live as unknown as unknown[], fresh)
      : this.#settleObject(live, fresh);
  }

  #settleObject(live: PlainObject, fresh: PlainObject): PlainObject {
    const changed: [string, unknown][] = [];
    for (const [name, part] of Object.entries(fresh)) {
      const before = Object.hasOwn(live, name) ? live[name] : undefined;
      const settled = this.settle(before, part);
      if (settled !== before) changed.push([name, settled]);
    }
    const extra = Object.keys(live).filter(
      (name) => live[name] !== undefined && !Object.hasOwn(fresh, name),
    );
    if (changed.length === 0 && extra.length === 0) return live;
    const target = this.#handedOut.has(live) ? live : this.#own({ ...live });
    for (const name of extra) delete target[name];
    for (const [name, part] of changed) define(target, name, part);
    return target;
  }

  #settleList(live: unknown[], fresh: readonly unknown[]): unknown[] {
    const candidates = new Candidates(live, this.#before.identities);
    const settled = fresh.map((part, i) => {
      const candidate = isContainer(part) ? candidates.take(part, this.identities) : live[i];
      return this.settle(candidate, part);
    });
    const isSame = settled.length === live.length && settled.every((part, i) => part === live[i]);
    if (isSame) return live;
    if (!this.#handedOut.has(live)) return this.#own(settled);
    live.splice(0, live.length, ...settled);
    return live;
  }

  #own<T extends PlainObject | unknown[]>(copy: T): T {
    this.#handedOut.add(copy);
    return copy;
  }
}

/** Which element as the application holds it is which element as the mesh holds it. */
class Candidates {
  readonly #byKey = new Map<string, unknown>();
  readonly #new: unknown[] = [];

  constructor(live: readonly unknown[], identities: Base["identities"]) {
    for (const part of live) {
      const key = identities.get(part)?.key;
      if (key !== undefined) this.#byKey.set(key, part);
      else if (isContainer(part)) this.#new.push(part);
    }
  }

  take(fresh: unknown, identities: ReadonlyMap<unknown, View>): unknown {
    const known = this.#byKey.get(identities.get(fresh)?.key ?? "");
    if (known !== undefined) return known;
    const index = this.#new.findIndex((part) => isDeepStrictEqual(part, fresh));
    return index === -1 ? undefined : this.#new.splice(index, 1)[0];
  }
}

function isContainer(value: unknown): value is PlainObject {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

/** Whether `live` would be stored as the scalar `fresh`; a Date, say, as its text. */
function isSameLeaf(live: unknown, fresh: unknown): boolean {
  if (live === fresh) return true;
  if (fresh instanceof Uint8Array) {
    return live instanceof Uint8Array && Buffer.compare(live, fresh) === 0;
  }
  const toJson = isContainer(live) ? live.toJSON : undefined;
  return typeof toJson === "function" && toJson.call(live) === fresh;
}

/** Sets a property of its own, whatever its name: `__proto__` is data. */
function define(target: PlainObject, name: string, value: unknown): void {
  Object.defineProperty(target, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

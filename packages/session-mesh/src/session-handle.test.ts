/**
 * One session in the hands of several requests on one node: differences, commits, rebasing, counters.
 *
 * Not here: several nodes (mesh.test.ts), and what merges how (core).
 */
import { UnsupportedValueError } from "@session-mesh/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createMesh } from "./create-mesh.js";
import type { Mesh } from "./mesh.js";
import type { SessionHandle } from "./session-handle.js";
import { createMemoryNetwork } from "./transports/memory.js";

let mesh: Mesh;

beforeEach(async () => {
  const limits = { sessionsMax: 3, sessionBytesMax: 10_000 };
  mesh = await createMesh({ transport: createMemoryNetwork().transport("a"), limits, acks: 0 });
});
afterEach(async () => {
  vi.useRealTimers();
  await mesh.close({ drain: false });
});

async function stored(value: Record<string, unknown> = {}): Promise<SessionHandle> {
  const session = mesh.sessions.create();
  session.value = value;
  await session.commit();
  return session;
}

function again({ id }: SessionHandle): SessionHandle {
  const result = mesh.sessions.open(id);
  if (result.status !== "found") throw new Error(result.status);
  return result.session;
}

const valueOf = (session: SessionHandle): unknown => again(session).value;

describe("a new session", () => {
  test("has an id that nobody guesses, and is nowhere before its first commit", async () => {
    const ids = new Set(Array.from({ length: 1_000 }, () => mesh.sessions.create().id));
    expect(ids.size).toBe(1_000);
    const session = mesh.sessions.create();
    expect(session.id).toMatch(/^[\w-]{32}$/);
    expect(session.isNew).toBe(true);
    expect(mesh.sessions.open(session.id)).toEqual({ status: "absent" });
    expect(mesh.status().sessions).toMatchObject({ hot: 0, cold: 0 });
    expect(await session.commit()).toEqual({ status: "committed", acks: 0, degraded: false });
    expect(session.isNew).toBe(false);
    expect(valueOf(session)).toEqual({});
  });

  test("lives as long as it was told", async () => {
    const session = mesh.sessions.create({ idleMs: 60_000, absoluteMs: 90_000 });
    session.value.x = 1;
    await session.commit();
    expect(session.idleMs).toBe(60_000);
    expect(session.absoluteExpiresAtMs - session.createdAtMs).toBe(90_000);
    expect(session.expiresAtMs - session.createdAtMs).toBeGreaterThanOrEqual(60_000);
    await session.commit({ idleMs: 30_000 });
    expect(again(session).idleMs).toBe(30_000);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, "1"])(
    "does not live for %s ms",
    (absoluteMs) => {
      expect(() => mesh.sessions.create({ absoluteMs: absoluteMs as number })).toThrow(/finite/);
    },
  );

  test("destroyed before it was stored, it never was", async () => {
    const session = mesh.sessions.create();
    await session.destroy();
    expect(session.isDestroyed).toBe(true);
    expect(await session.commit()).toMatchObject({ status: "gone" });
    expect(mesh.status().sessions.tombstones).toBe(0);
  });
});

describe("committing", () => {
  test("finds what was changed in place, and nothing where nothing was", async () => {
    const session = await stored({ cart: { items: [{ sku: 1, count: 1 }] } });
    const request = again(session);
    expect(request.hasChanged()).toBe(false);
    expect(await request.commit()).toEqual({ status: "unchanged", acks: 0, degraded: false });
    (request.value.cart as { items: { count: number }[] }).items[0]!.count = 2;
    expect(request.hasChanged()).toBe(true);
    expect(await request.commit()).toMatchObject({ status: "committed" });
    expect(request.hasChanged()).toBe(false);
    expect(valueOf(session)).toEqual({ cart: { items: [{ sku: 1, count: 2 }] } });
  });

  test("what cannot be stored is refused with its path, and changes nothing", async () => {
    const session = await stored({ ok: 1 });
    session.value.deep = { list: [() => 1] };
    expect(() => session.hasChanged()).toThrow(/session\.deep\.list\[0\].*function/);
    await expect(session.commit()).rejects.toThrow(UnsupportedValueError);
    expect(valueOf(session)).toEqual({ ok: 1 });
    delete session.value.deep;
    session.value.more = 2;
    expect(await session.commit()).toMatchObject({ status: "committed" });
    expect(valueOf(session)).toEqual({ ok: 1, more: 2 });
  });

  test("P14: growing beyond the limit is refused, shrinking always works", async () => {
    const session = await stored({ small: 1 });
    session.value.big = "x".repeat(20_000);
    await expect(session.commit()).rejects.toThrow(/session\.big.*limit of 10000/);
    session.value.big = "x".repeat(5_000);
    await session.commit();
    delete session.value.big;
    expect(await session.commit()).toMatchObject({ status: "committed" });
  });

  test("P14: at the limit of sessions creating fails with its name, and the others live on", async () => {
    const sessions = [await stored(), await stored(), await stored()];
    const fourth = mesh.sessions.create();
    expect(await fourth.commit()).toEqual({
      status: "full",
      limit: "sessionsMax",
      acks: 0,
      degraded: false,
    });
    expect(fourth.isNew).toBe(true);
    (sessions[0] as SessionHandle).value.x = 1;
    expect(await sessions[0]?.commit()).toMatchObject({ status: "committed" });
  });

  test("P14: at the limit of bytes growing fails with its name, and shrinking still works", async () => {
    const transport = createMemoryNetwork().transport("full");
    // Bytes are counted when a session turns cold, here as soon as another one is used.
    const limits = { sessionsBytesMax: 2_000, hotSessionsMax: 1 };
    await using full = await createMesh({ transport, acks: 0, limits });
    const session = full.sessions.create();
    session.value = { big: "x".repeat(3_000), keep: 1 };
    await session.commit();
    await full.sessions.create().commit();
    session.value.more = 1;
    expect(await session.commit()).toMatchObject({ status: "full", limit: "sessionsBytesMax" });
    delete session.value.more;
    delete session.value.big;
    expect(await session.commit()).toMatchObject({ status: "committed" });
    expect(session.value).toEqual({ keep: 1 });
  });

  test("M9: a request in flight cannot undo a logout", async () => {
    const session = await stored({ user: "ada" });
    const inFlight = again(session);
    await session.destroy();
    inFlight.value.user = "eve";
    expect(await inFlight.commit()).toMatchObject({ status: "gone" });
    expect(inFlight.isDestroyed).toBe(true);
    expect(mesh.sessions.open(session.id).status).toBe("destroyed");
  });

  test("keys that are traps for objects are data", async () => {
    const trap = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":2},"":3}',
    ) as object;
    const session = await stored(trap as Record<string, unknown>);
    expect(JSON.stringify(valueOf(session))).toContain('"__proto__":{"polluted":1}');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    const request = again(session);
    again(session).value.x = 1;
    request.counter("__proto__", "polluted").increment();
    await request.commit();
    expect(JSON.stringify(valueOf(session))).toContain('"__proto__":{"polluted":2}');
    const bare = await stored({ sub: {} });
    const [mine, theirs] = [again(bare), again(bare)];
    theirs.counter("sub", "__proto__", "polluted").increment();
    await theirs.commit();
    mine.counter("__proto__", "polluted").increment();
    await mine.commit();
    expect(JSON.stringify(mine.value)).toBe(
      '{"sub":{"__proto__":{"polluted":1}},"__proto__":{"polluted":1}}',
    );
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe("P2: a request goes on after its commit, while another one has written", () => {
  test("what the other wrote shows, and is neither undone nor written again", async () => {
    const session = await stored({ cart: { items: [{ sku: 1 }, { sku: 2 }] }, theme: "dark" });
    const [mine, theirs] = [again(session), again(session)];
    (theirs.value.cart as { items: unknown[] }).items.push({ sku: 3 });
    theirs.value.name = "ada";
    delete theirs.value.theme;
    await theirs.commit();
    mine.value.mine = true;
    await mine.commit();
    const merged = {
      cart: { items: [{ sku: 1 }, { sku: 2 }, { sku: 3 }] },
      name: "ada",
      mine: true,
    };
    expect(mine.value).toEqual(merged);
    expect(mine.hasChanged()).toBe(false);
    mine.value.more = 1;
    await mine.commit();
    expect(valueOf(session)).toEqual({ ...merged, more: 1 });
  });

  test("references that were taken before the commit still lead into the session", async () => {
    const session = await stored({ cart: { items: [{ sku: 1, count: 1 }] } });
    const [mine, theirs] = [again(session), again(session)];
    const cart = mine.value.cart as { items: { sku: number; count: number }[]; note?: string };
    const first = cart.items[0] as { count: number };
    (theirs.value.cart as typeof cart).items.unshift({ sku: 0, count: 9 });
    (theirs.value.cart as typeof cart).note = "theirs";
    await theirs.commit();
    cart.items.push({ sku: 2, count: 1 });
    await mine.commit();
    expect(cart.note).toBe("theirs");
    expect(cart.items.map(({ sku }) => sku)).toEqual([0, 1, 2]);
    first.count = 5;
    cart.items.push({ sku: 3, count: 1 });
    await mine.commit();
    const counts = (valueOf(session) as { cart: typeof cart }).cart.items;
    expect(counts).toEqual([
      { sku: 0, count: 9 },
      { sku: 1, count: 5 },
      { sku: 2, count: 1 },
      { sku: 3, count: 1 },
    ]);
  });

  test("an object of the application's own is never changed, though others write beneath it", async () => {
    const EMPTY_CART = Object.freeze({ items: Object.freeze([]) as unknown as string[] });
    const session = await stored({});
    const [mine, theirs] = [again(session), again(session)];
    mine.value.cart = EMPTY_CART;
    theirs.value.cart = { items: ["theirs"], note: "x" };
    await theirs.commit();
    await mine.commit();
    expect(EMPTY_CART).toEqual({ items: [] });
    expect(mine.value).toEqual(valueOf(session));
    expect(mine.hasChanged()).toBe(false);
  });

  test("an object that stands at two places is not torn by a write to one of them", async () => {
    const shared = { x: 1 };
    const session = await stored({ a: shared, b: shared });
    const theirs = again(session);
    (theirs.value.a as { x: number }).x = 2;
    await theirs.commit();
    session.value.touch = 1;
    await session.commit();
    expect(session.value).toEqual({ a: { x: 2 }, b: { x: 1 }, touch: 1 });
    expect(session.hasChanged()).toBe(false);
  });

  test("neither is one that the session gave out and that was then put at a second place", async () => {
    const session = await stored({ a: { x: 1 } });
    const [mine, theirs] = [again(session), again(session)];
    mine.value.b = mine.value.a;
    (theirs.value.a as { x: number }).x = 2;
    await theirs.commit();
    await mine.commit();
    expect(mine.value).toEqual({ a: { x: 2 }, b: { x: 1 } });
    expect(mine.hasChanged()).toBe(false);
  });

  test("M7: an element that was moved and edited after a commit is still the same element", async () => {
    const session = await stored({
      items: [
        { id: 1, n: 0 },
        { id: 2, n: 0 },
      ],
    });
    const mine = again(session);
    mine.value.x = 1;
    await mine.commit();
    const theirs = again(session);
    (theirs.value.items as { n: number }[])[0]!.n = 7;
    await theirs.commit();
    const items = mine.value.items as { seen?: boolean }[];
    items.reverse();
    items[1]!.seen = true;
    await mine.commit();
    expect(mine.value.items).toEqual([
      { id: 2, n: 0 },
      { id: 1, n: 7, seen: true },
    ]);
  });

  test("dates, bytes and absent values stay what the application put there", async () => {
    const when = new Date(0);
    const bytes = Uint8Array.of(1, 2, 3);
    const session = await stored({});
    const theirs = again(session);
    theirs.value.theirs = 1;
    await theirs.commit();
    Object.assign(session.value, { when, bytes, nothing: undefined });
    await session.commit();
    expect(session.value.when).toBe(when);
    expect(session.value.bytes).toBe(bytes);
    expect(session.value.theirs).toBe(1);
    expect(session.hasChanged()).toBe(false);
    expect(valueOf(session)).toEqual({ when: when.toISOString(), bytes, theirs: 1 });
  });

  test("reload drops what was not committed", async () => {
    const session = await stored({ x: 1 });
    const theirs = again(session);
    theirs.value.y = 2;
    await theirs.commit();
    session.value.x = 99;
    expect(await session.reload()).toBe(true);
    expect(session.value).toEqual({ x: 1, y: 2 });
    expect(session.hasChanged()).toBe(false);
  });
});

describe("M8: counters", () => {
  test("increments of two requests add up", async () => {
    const session = await stored({});
    const [one, two] = [again(session), again(session)];
    expect(one.counter("stats", "views").increment()).toBe(1);
    expect(two.counter("stats", "views").increment(5)).toBe(5);
    expect(two.counter("stats", "views").decrement(2)).toBe(3);
    await one.commit();
    await two.commit();
    expect(valueOf(session)).toEqual({ stats: { views: 4 } });
    expect(two.counter("stats", "views").value).toBe(4);
    two.counter("stats", "views").increment();
    await two.commit();
    expect(valueOf(session)).toEqual({ stats: { views: 5 } });
  });

  test("a reset keeps what it had not seen", async () => {
    const session = await stored({});
    session.counter("views").increment(10);
    await session.commit();
    const [resetting, counting] = [again(session), again(session)];
    counting.counter("views").increment(3);
    await counting.commit();
    resetting.counter("views").reset();
    expect(resetting.counter("views").value).toBe(0);
    await resetting.commit();
    expect(valueOf(session)).toEqual({ views: 3 });
    const [one, two] = [again(session), again(session)];
    one.counter("views").reset();
    two.counter("views").reset();
    await one.commit();
    await two.commit();
    expect(valueOf(session)).toEqual({ views: 0 });
  });

  test("a path or an amount that makes no sense is refused", () => {
    const session = mesh.sessions.create();
    expect(() => session.counter()).toThrow(/names that lead to the number/);
    expect(() => session.counter("x").increment(Number.NaN)).toThrow(/finite/);
    expect(session.counter("nowhere", "at", "all").value).toBe(0);
    expect(session.value).toEqual({});
  });
});

describe("finding", () => {
  test.each(["", "x".repeat(129), undefined, 5])("%j is no id of ours", async (id) => {
    expect(mesh.sessions.open(id as string)).toEqual({ status: "absent" });
    expect(await mesh.sessions.load(id as string)).toEqual({ status: "absent" });
    expect(await mesh.sessions.destroy(id as string)).toEqual({ acks: 0, degraded: false });
  });

  test("P12: the raw id is nowhere in what a node stores, sends or tells", async () => {
    const told: unknown[] = [];
    mesh.on("event", (event) => told.push(event));
    const session = await stored({ user: "ada" });
    await session.destroy();
    expect(told.length).toBeGreaterThan(1);
    expect(JSON.stringify([told, mesh.status()])).not.toContain(session.id);
  });

  test("an aborted load rejects with the reason", async () => {
    const reason = new Error("the client went away");
    const aborted = AbortSignal.abort(reason);
    await expect(mesh.sessions.load("x", { signal: aborted })).rejects.toBe(reason);
    const later = new AbortController();
    const loading = mesh.sessions.load("x", { signal: later.signal });
    later.abort(reason);
    await expect(loading).rejects.toBe(reason);
  });

  test("touching moves the expiry, and reading alone does not", async () => {
    const session = mesh.sessions.create({ idleMs: 2_000 });
    await session.commit();
    const before = again(session).expiresAtMs;
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 500 });
    expect(again(session).expiresAtMs).toBe(before);
    const request = again(session);
    expect(await request.commit({ touch: true })).toMatchObject({ status: "unchanged" });
    expect(request.expiresAtMs).toBeGreaterThan(before);
    expect(again(session).expiresAtMs).toBe(request.expiresAtMs);
  });
});

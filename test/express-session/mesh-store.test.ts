/**
 * What a MeshStore does that other stores do not: requests that overlap keep one another's writes, a
 * logout stays one, and what is here is answered at once.
 *
 * Not here: what every store must do (store.suite.ts), and real processes (test/five).
 */
import { createServer, request } from "node:http";
import session, { type SessionData } from "express-session";
import { createMesh, type Event, type Mesh, type MeshOptions } from "session-mesh";
import { MeshStore, type MeshStoreOptions } from "session-mesh/express-session";
import { expect, test } from "vitest";
import { Browser, listen, startValve, until, untilLinked, whenOver } from "../express/cluster.js";
import { SlowLink } from "../five/slow-link.js";
import { called, read, serve, sessionOf, sidOf, type TestSession } from "./store.suite.js";

/** Acknowledgements are waited for, however long they take. */
const PATIENT = { ackDeadlineMs: 60_000, limits: { suspectFloorMs: 60_000 } };

interface Node {
  readonly mesh: Mesh;
  readonly store: MeshStore;
  readonly events: Event[];
}

async function startNode(store: MeshStoreOptions = {}, mesh: MeshOptions = {}): Promise<Node> {
  const events: Event[] = [];
  const started = await createMesh({ onEvent: (event) => void events.push(event), ...mesh });
  whenOver(() => started.close({ drain: false }));
  return { mesh: started, store: new MeshStore(started, store), events };
}

async function startNodes(count: number, options: MeshStoreOptions = {}): Promise<Node[]> {
  const nodes: Node[] = [];
  for (let i = 0; i < count; i += 1) {
    const seeds = nodes.map(({ mesh }) => mesh.address);
    nodes.push(await startNode(options, { seeds }));
  }
  await Promise.all(nodes.map(({ mesh }) => untilLinked(mesh, count - 1)));
  return nodes;
}

/** Two nodes whose only link passes a valve: the second's address is one where nobody listens. */
async function startValved(options: MeshStoreOptions = {}, mesh: MeshOptions = {}) {
  const first = await startNode(options);
  const valve = await startValve(() => Number(new URL(first.mesh.address).port));
  const blind = { advertise: "ws://127.0.0.1:9", seeds: [valve.address] };
  const second = await startNode(options, { ...mesh, ...blind });
  await Promise.all([untilLinked(first.mesh, 1), untilLinked(second.mesh, 1)]);
  await until("the first confirms what the second writes", async () => {
    return !(await second.mesh.sessions.create().commit({ acks: 1 })).degraded;
  });
  return { first, second, valve };
}

const plain = (attributes: object): SessionData =>
  ({ cookie: { originalMaxAge: null }, ...attributes }) as unknown as SessionData;

const store = (node: Node, sid: string, attributes: object): Promise<void> =>
  node.store.set(sid, plain(attributes));

/** A session object as a request of its own would have it. */
async function load(node: Node, sid: string): Promise<TestSession> {
  const found = await called<SessionData>((done) => node.store.load(sid, done as never));
  return found as TestSession;
}

const save = (shown: TestSession): Promise<unknown> => called((done) => shown.save(done));

async function attributesAt(node: Node, sid: string): Promise<unknown> {
  const found = await read(node.store, sid);
  if (!found) return null;
  const { cookie: _, ...attributes } = found;
  return attributes;
}

/** Waits until every node shows the same; what passes an acknowledgement may take a moment. */
async function untilEverywhere(nodes: readonly Node[], sid: string, value: unknown): Promise<void> {
  for (const node of nodes) {
    await until("every node shows it", async () => {
      return JSON.stringify(await attributesAt(node, sid)) === JSON.stringify(value);
    }).catch(() => undefined);
    expect(await attributesAt(node, sid)).toEqual(value);
  }
}

test("what this node holds, and what nobody holds, is answered before the call returns", async () => {
  const node = await startNode();
  await store(node, "one", { a: 1 });
  const answers: unknown[] = [];
  node.store.get("one", (_error, found) => answers.push(found?.cookie !== undefined));
  node.store.get("unknown", (error, found) => answers.push(error, found));
  const shown = await load(node, "one");
  node.store.set("one", shown, (error) => answers.push(error));
  node.store.touch("one", shown, (error) => answers.push(error));
  expect(answers).toEqual([true, null, null, undefined, undefined]);
});

test("every method answers with a promise when it is given no callback", async () => {
  const node = await startNode();
  await node.store.set("one", plain({ a: 1 }));
  expect(await node.store.get("one")).toMatchObject({ a: 1 });
  await node.store.touch("one", plain({}));
  expect(await node.store.all()).toMatchObject([{ a: 1 }]);
  expect([await node.store.length(), await node.store.ids()]).toEqual([1, ["one"]]);
  await store(node, "two", {});
  await node.store.destroy(["one", "two"]);
  expect([await node.store.get("one"), await node.store.ids()]).toEqual([null, []]);
  await node.store.clear();
});

test("M1: requests that create one object together both keep their part of it", async () => {
  const nodes = await startNodes(2);
  await store(nodes[0]!, "one", { user: "ada" });
  const [slow, fast] = await Promise.all(nodes.map((node) => load(node, "one")));
  slow!.files = { s: 1 };
  slow!.a = 1;
  fast!.files = { f: 1 };
  await save(fast!);
  await save(slow!);
  await untilEverywhere(nodes, "one", { a: 1, files: { f: 1, s: 1 }, user: "ada" });
});

test("a request that only read, saved by `resave`, undoes nothing", async () => {
  const node = await startNode();
  const browser = new Browser();
  const origin = await serve(
    node.store,
    async (shown, req) => {
      if (req.url === "/slow") await browser.get(`${origin}/fast`);
      else shown[String(req.url)] = true;
      return "done";
    },
    { resave: true },
  );
  await browser.get(`${origin}/first`);
  await browser.get(`${origin}/slow`);
  expect(await attributesAt(node, sidOf(browser))).toEqual({ "/first": true, "/fast": true });
});

test("P3, M9: a request that was under way saves nothing after a logout, and that is no error", async () => {
  const nodes = await startNodes(2);
  await store(nodes[0]!, "one", { user: "ada" });
  const late = await load(nodes[1]!, "one");
  await nodes[0]!.store.destroy("one");
  late.user = "zombie";
  await save(late);
  await nodes[1]!.store.touch("one", late);
  for (const node of nodes) expect(await attributesAt(node, "one")).toBe(null);
});

test("a destroyed id stays dead, and the error that says so names genid", async () => {
  const node = await startNode();
  await store(node, "one", {});
  await node.store.destroy("one");
  await expect(store(node, "one", { again: true })).rejects.toMatchObject({
    code: "destroyed",
    message: expect.stringMatching(/genid/),
  });
  const browser = new Browser();
  const origin = await serve(
    node.store,
    async (shown) => called((done) => shown.save(done)).catch((e: Error) => e.message),
    {
      genid: () => "one",
    },
  );
  expect((await browser.get(origin)).text).toMatch(/genid/);
});

test("a session saved twice writes what was changed since, and undoes nothing of others", async () => {
  const nodes = await startNodes(2);
  await store(nodes[0]!, "one", { list: ["a"], n: 1 });
  const [mine, other] = await Promise.all(nodes.map((node) => load(node, "one")));
  (mine!.list as string[]).push("mine");
  await save(mine!);
  await until("it is seen", async () => {
    return JSON.stringify(await attributesAt(nodes[1]!, "one")).includes("mine");
  });
  (other!.list as string[]).push("other");
  Object.assign(other!, { n: 2, added: true });
  await save(other!);
  await until("it is seen", async () => {
    return JSON.stringify(await attributesAt(nodes[0]!, "one")).includes("added");
  });
  (mine!.list as string[]).push("again");
  await save(mine!);
  delete mine!.n;
  await save(mine!);
  for (const node of nodes) {
    await until("all is merged", async () => {
      const { n } = (await attributesAt(node, "one")) as { n?: number };
      return n === undefined;
    });
    const { list, ...rest } = (await attributesAt(node, "one")) as { list: string[] };
    expect(list.toSorted()).toEqual(["a", "again", "mine", "other"]);
    expect(rest).toEqual({ added: true });
  }
});

test("saving leaves the session object as it is, so that it counts as saved", async () => {
  const node = await startNode();
  await store(node, "one", { deep: { a: 1 }, list: [{ x: 1 }] });
  const [mine, other] = await Promise.all([load(node, "one"), load(node, "one")]);
  Object.assign(other.deep as object, { b: 2 });
  (other.list as object[]).unshift({ y: 2 });
  await save(other);
  (mine.deep as { a: number }).a = 3;
  const before = JSON.stringify(mine);
  await save(mine);
  expect(JSON.stringify(mine)).toBe(before);
  const committed = (): number =>
    node.events.filter(({ type }) => type === "session-committed").length;
  const count = committed();
  await save(mine);
  expect(committed()).toBe(count);
  expect(await attributesAt(node, "one")).toEqual({
    deep: { a: 3, b: 2 },
    list: [{ y: 2 }, { x: 1 }],
  });
});

test("a regenerated session, which express-session saves twice, keeps what others wrote between", async () => {
  const node = await startNode();
  const browser = new Browser();
  const origin = await serve(node.store, async (shown, req) => {
    if (req.url === "/other") return (shown.other = 1);
    await called((done) => shown.regenerate(done));
    const fresh = sessionOf(req);
    fresh.user = "ada";
    await called((done) => fresh.save(done));
    const other = await load(node, fresh.id);
    other.other = 1;
    await save(other);
    return "done";
  });
  await browser.get(`${origin}/login`);
  expect(await attributesAt(node, sidOf(browser))).toEqual({ other: 1, user: "ada" });
});

test("M8: what is declared a counter adds up; what is not keeps the later value", async () => {
  const nodes = await startNodes(2, { counters: ["views", "stats.hits"] });
  await store(nodes[0]!, "one", { n: 0 });
  const both = await Promise.all(nodes.map((node) => load(node, "one")));
  for (const shown of both) {
    Object.assign(shown, { n: 5, views: 2, stats: { hits: 3 } });
    await save(shown);
    shown.views = 3;
    await save(shown);
  }
  await untilEverywhere(nodes, "one", { n: 5, stats: { hits: 6 }, views: 6 });
});

test("a cookie's attributes merge one by one, and a request that only read undoes none", async () => {
  const node = await startNode();
  await node.store.set("one", {
    cookie: { originalMaxAge: 60_000, path: "/", secure: false },
    a: 1,
  } as unknown as SessionData);
  const [remember, secure, reader] = await Promise.all([1, 2, 3].map(() => load(node, "one")));
  remember!.cookie.maxAge = 6_000_000;
  await node.store.touch("one", remember!);
  secure!.cookie.secure = true;
  await save(secure!);
  reader!.touch();
  await node.store.touch("one", reader!);
  const cookie = (await node.store.get("one"))?.cookie;
  expect(cookie).toMatchObject({ originalMaxAge: 6_000_000, path: "/", secure: true });
  secure!.cookie.secure = true;
  reader!.cookie.secure = false;
  reader!.cookie.path = "/app";
  await save(reader!);
  await save(secure!);
  const again = await load(node, "one");
  expect(again.cookie).toMatchObject({ path: "/app", secure: true });
  again.cookie.secure = false;
  await save(again);
  await save(secure!);
  expect((await node.store.get("one"))?.cookie.secure).toBe(false);
  const [found] = node.mesh.sessions.names().map((name) => node.mesh.sessions.peek(name));
  expect(found?.idleMs).toBe(6_000_000);
  expect(JSON.stringify(found?.value)).not.toMatch(/expires/);
});

test("an age that express-session rounds down as it resets it is no change; a lower one is", async () => {
  const node = await startNode();
  await node.store.set("one", { cookie: { originalMaxAge: 60_000 } } as unknown as SessionData);
  const shown = await load(node, "one");
  shown.cookie.originalMaxAge = 59_998;
  await save(shown);
  expect((await node.store.get("one"))?.cookie.originalMaxAge).toBe(60_000);
  shown.cookie.maxAge = 50_000;
  await save(shown);
  expect((await node.store.get("one"))?.cookie.originalMaxAge).toBeLessThanOrEqual(50_000);
});

test("a stored name that a session cannot show is not taken for deleted", async () => {
  const node = await startNode();
  await store(node, "one", { touch: "text", n: 1 });
  const shown = await load(node, "one");
  expect(shown.touch).toBeTypeOf("function");
  shown.n = 2;
  await save(shown);
  expect(await attributesAt(node, "one")).toEqual({ n: 2, touch: "text" });
});

test("without a maxAge a session idles for `ttl` seconds", async () => {
  const node = await startNode({ ttl: 90 });
  await store(node, "one", {});
  const [found] = node.mesh.sessions.names().map((name) => node.mesh.sessions.peek(name));
  expect(found?.idleMs).toBe(90_000);
});

test("a touch is a write only when a quantum of the idle time has passed", async () => {
  const node = await startNode();
  await store(node, "one", {});
  const before = node.mesh.status().seq;
  for (let i = 0; i < 100; i += 1) await node.store.touch("one", await load(node, "one"));
  expect(node.mesh.status().seq - before).toBeLessThanOrEqual(1);
});

test("fresh reads find what any peer has written, however its push is held up", async () => {
  const nodes = await startNodes(3, { freshReads: true, acks: 0 });
  await store(nodes[0]!, "one", { n: 0 });
  await untilEverywhere(nodes, "one", { n: 0 });
  for (let n = 1; n <= 50; n += 1) {
    const writer = nodes[n % 3]!;
    const shown = await load(writer, "one");
    shown.n = n;
    // Not awaited: whoever reads next is only as far as the write itself.
    shown.save();
    expect(await attributesAt(nodes[(n + 1) % 3]!, "one")).toEqual({ n });
  }
});

test("fresh reads wait for every peer, not for the nearest one", async () => {
  const options = { freshReads: true, acks: 0 } as const;
  const patient = { limits: { pullDeadlineMs: 10_000 } };
  const server = createServer();
  const far = await SlowLink.open(Number(new URL(await listen(server)).port));
  whenOver(() => far.close());
  const writer = await startNode(options, { listen: { server }, advertise: far.address });
  const reader = await startNode(options, { ...patient, seeds: [far.address] });
  const near = await startNode(options, { seeds: [far.address, reader.mesh.address] });
  const nodes = [writer, reader, near];
  await Promise.all(nodes.map(({ mesh }) => untilLinked(mesh, 2)));
  await store(writer, "one", { n: 0 });
  await untilEverywhere(nodes, "one", { n: 0 });
  far.delayMs = 100;
  const shown = await load(writer, "one");
  shown.n = 1;
  shown.save();
  expect(await attributesAt(reader, "one")).toEqual({ n: 1 });
});

test("fresh reads serve what is here when a peer stays silent", async () => {
  const { second, valve } = await startValved({ freshReads: true });
  await store(second, "one", { a: 1 });
  valve.stall();
  expect(await attributesAt(second, "one")).toEqual({ a: 1 });
  const pulls = second.events.filter(({ type }) => type === "pull-finished");
  expect(pulls.at(-1)).toMatchObject({ outcome: "unknown", asked: 1 });
});

test("P9: a session that may live where nobody can be asked keeps its id, and merges later", async () => {
  const { first, second, valve } = await startValved();
  valve.stall();
  await store(first, "one", { a: 1 });
  const shown = await load(second, "one");
  expect(await attributesAt(second, "one")).toEqual({});
  await save(shown);
  expect(await second.store.length()).toBe(0);
  shown.b = 2;
  await save(shown);
  valve.flow();
  await untilEverywhere([first, second], "one", { a: 1, b: 2 });
});

test("P12: no raw id is stored in a session", async () => {
  const node = await startNode();
  const sid = "an-id-that-only-its-user-knows";
  await store(node, sid, { a: 1 });
  const held = node.mesh.sessions.names().map((name) => [name, node.mesh.sessions.peek(name)]);
  expect(held).toHaveLength(1);
  expect(JSON.stringify(held)).not.toContain(sid);
});

test("clear, all and length leave the sessions of others on the mesh alone", async () => {
  const node = await startNode();
  const other = new MeshStore(node.mesh, { prefix: "admin:" });
  const handle = node.mesh.sessions.create();
  await handle.commit();
  await store(node, "one", { a: 1 });
  await other.set("one", plain({ b: 1 }));
  expect([await node.store.length(), await other.all()]).toMatchObject([1, [{ b: 1 }]]);
  await node.store.clear();
  expect([await node.store.length(), await other.length()]).toEqual([0, 1]);
  expect(node.mesh.sessions.open(handle.id).status).toBe("found");
});

test("P14: at a limit a new session is refused with an error that names it, old ones are not", async () => {
  const node = await startNode({}, { limits: { sessionsMax: 1 } });
  await store(node, "one", {});
  await expect(store(node, "two", {})).rejects.toMatchObject({
    code: "full",
    message: expect.stringMatching(/sessionsMax/),
  });
  await store(node, "one", { a: 1 });
});

test("an id that cannot be one is a miss to read and an error to store", async () => {
  const node = await startNode();
  for (const sid of ["", "x".repeat(200)]) {
    expect(await node.store.get(sid)).toBe(null);
    await expect(store(node, sid, {})).rejects.toMatchObject({ code: "id" });
    await node.store.destroy(sid);
  }
});

test("what a session cannot hold is an error that names it, and nothing is stored of it", async () => {
  const node = await startNode();
  await store(node, "one", { a: 1 });
  const shown = await load(node, "one");
  Object.assign(shown, { a: 2, bad: { map: new Map() }, method: () => 1 });
  await expect(save(shown)).rejects.toThrow(/bad\.map/);
  expect(await attributesAt(node, "one")).toEqual({ a: 1 });
  delete shown.bad;
  await save(shown);
  expect(await attributesAt(node, "one")).toEqual({ a: 2 });
});

test("losing every peer is no disconnect: requests keep their sessions", async () => {
  const [first, second] = await startNodes(2);
  const said: string[] = [];
  for (const name of ["disconnect", "error"]) second!.store.on(name, () => said.push(name));
  const browser = new Browser();
  const origin = await serve(second!.store, (shown) => (shown.n = Number(shown.n ?? 0) + 1));
  await browser.get(origin);
  await first!.mesh.close({ drain: false });
  expect((await browser.get(origin)).text).toBe("2");
  expect(said).toEqual([]);
});

test("a closed mesh is an error of the request, not a logout", async () => {
  const node = await startNode();
  const browser = new Browser();
  const origin = await serve(node.store, () => "served");
  await browser.get(origin);
  await node.mesh.close({ drain: false });
  const { status, text } = await browser.get(origin);
  expect([status, text]).toEqual([500, expect.stringMatching(/mesh is closed/)]);
});

test("P1: the end of a response waits for the acknowledgement, its headers do not", async () => {
  const { second, valve } = await startValved({}, PATIENT);
  const origin = await serve(second.store, (shown) => ((shown.a = 1), "a body"));
  valve.stall();
  let body = "";
  let hasEnded = false;
  const head = new Promise<number | undefined>((resolve) => {
    request(origin, (res) => {
      resolve(res.statusCode);
      res.on("data", (chunk) => (body += String(chunk))).on("end", () => (hasEnded = true));
    }).end();
  });
  expect(await head).toBe(200);
  await until("all but the last byte is there", () => body === "a bod");
  expect(hasEnded).toBe(false);
  valve.flow();
  await until("the response ends", () => hasEnded);
  expect(body).toBe("a body");
});

test.each([
  [{ counter: ["views"] }, /no option `counter`/],
  [{ counters: "views" }, /`counters`/],
  [{ counters: ["a..b"] }, /`counters`/],
  [{ freshReads: 1 }, /`freshReads`/],
  [{ acks: -1 }, /`acks`/],
  [{ ttl: 0 }, /`ttl`.*seconds/],
  [{ prefix: 1 }, /`prefix`/],
])("a wrong option is refused by name: %j", async (options, problem) => {
  const { mesh } = await startNode();
  expect(() => new MeshStore(mesh, options as MeshStoreOptions)).toThrow(problem);
});

test("a store without a mesh, or with null for options, names the remedy", () => {
  for (const given of [undefined, null, {}, Promise.resolve()]) {
    expect(() => new MeshStore(given as never)).toThrow(/MeshStore needs a mesh.*createMesh/);
  }
  const make = (): unknown => new MeshStore({ sessions: {} } as never, null as never);
  expect(make).toThrow(/options of MeshStore must be an object/);
});

test("a store works with another copy of express-session than it was made with", async () => {
  const { store: made } = await startNode();
  expect(made).toBeInstanceOf(session.Store);
  const own = Object.getOwnPropertyDescriptor(MeshStore.prototype, "get");
  expect(own?.writable).toBe(true);
});

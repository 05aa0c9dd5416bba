/** P12: the secret changes while nodes serve, by rolling restarts, and nobody is logged out. */
import type { Mesh, MeshOptions } from "session-mesh";
import { afterEach, describe, expect, test, vi } from "vitest";
import { freePort } from "../processes/tcp-link.js";
import { allLinked, closeNodes, linkedOf, startNode } from "./nodes.js";

const OLD = "the secret of last year";
const NEW = "the secret of this year";

afterEach(closeNodes);

/** Users who keep clicking on whichever node is up, each in a session of his own. */
class Users {
  readonly #nodes: Mesh[];
  readonly #clicks: Map<string, number>;
  readonly #busy = new Map<Mesh, number>();
  readonly #running: Promise<unknown>;
  #isOver = false;

  private constructor(nodes: Mesh[], ids: readonly string[]) {
    this.#nodes = nodes;
    this.#clicks = new Map(ids.map((id) => [id, 0]));
    this.#running = Promise.all(ids.map((id, i) => this.#use(id, i)));
  }

  /** Logs in on the first node, and begins to click. `nodes` may change while they do. */
  static async start(nodes: Mesh[], count: number): Promise<Users> {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) {
      const session = (nodes[0] as Mesh).sessions.create();
      session.value["user"] = i;
      await session.commit({ acks: "all" });
      ids.push(session.id);
    }
    return new Users(nodes, ids);
  }

  get clickCount(): number {
    return [...this.#clicks.values()].reduce((sum, clicks) => sum + clicks, 0);
  }

  /** Resolves when no request is under way on a node that was taken out. */
  areGoneFrom(node: Mesh): Promise<void> {
    return vi.waitFor(() => expect(this.#busy.get(node) ?? 0).toBe(0), 5_000);
  }

  /** Stops them; rejects when one of them was ever logged out. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  /** Whether every click is there, on every node. */
  async expectAllEverywhere(): Promise<void> {
    for (const node of this.#nodes) {
      for (const [id, clicks] of this.#clicks) {
        const found = await node.sessions.load(id);
        expect(found).toMatchObject({ status: "found", session: { value: { clicks } } });
      }
    }
  }

  async #use(id: string, user: number): Promise<void> {
    for (let turn = user; !this.#isOver; turn++) {
      const node = this.#nodes[turn % this.#nodes.length] as Mesh;
      this.#busy.set(node, (this.#busy.get(node) ?? 0) + 1);
      const found = await node.sessions.load(id);
      if (found.status !== "found") throw new Error(`logged out: ${found.status} on ${node.node}`);
      found.session.counter("clicks").increment();
      await found.session.commit({ acks: "all" });
      this.#clicks.set(id, (this.#clicks.get(id) ?? 0) + 1);
      this.#busy.set(node, (this.#busy.get(node) ?? 0) - 1);
    }
  }
}

describe("P12: a secret that rotates", () => {
  test("old, then both, then the new one first, then the new one alone: nobody is logged out", async () => {
    const ports = await Promise.all([freePort(), freePort(), freePort()]);
    const seeds = ports.map((port) => `127.0.0.1:${port}`);
    const start = (i: number, secret: string | string[]): Promise<Mesh> =>
      startNode({ node: `n${i}`, listen: { port: ports[i] as number }, seeds, secret });
    const nodes = await Promise.all([0, 1, 2].map((i) => start(i, OLD)));
    await allLinked(...nodes);
    const users = await Users.start(nodes, 10);
    for (const secret of [[OLD, NEW], [NEW, OLD], NEW]) {
      for (const i of [0, 1, 2]) {
        const [leaving] = nodes.splice(0, 1) as [Mesh];
        await users.areGoneFrom(leaving);
        expect(await leaving.close()).toMatchObject({ confirmed: true });
        const back = await start(i, secret);
        await allLinked(back, ...nodes);
        nodes.push(back);
      }
    }
    await users.stop();
    expect(users.clickCount).toBeGreaterThan(100);
    await users.expectAllEverywhere();
    const late = await startNode({ node: "late", seeds, secret: OLD });
    await vi.waitFor(() => expect(late.status().refusals.length).toBeGreaterThan(0));
    expect(linkedOf(late)).toEqual([]);
  }, 60_000);

  test.each<[string, Partial<MeshOptions>, Partial<MeshOptions>, boolean]>([
    ["by default", {}, {}, true],
    [
      "with an `idKey` of their own",
      { idKey: "a key of session ids" },
      { idKey: "a key of session ids" },
      true,
    ],
    [
      "(a changed `idKey` would lose them)",
      { idKey: "a key of session ids" },
      { idKey: "another key of session ids" },
      false,
    ],
  ])(
    "sessions keep their names when only the secret changed, %s",
    async (_name, before, after, isKept) => {
      const a = await startNode({ node: "a", secret: OLD, ...before });
      const session = a.sessions.create();
      session.value["user"] = "ada";
      await session.commit({ acks: 0 });
      const options = { seeds: [a.address], secret: [NEW, OLD] };
      const b = await startNode({ node: "b", ...options, ...after });
      await allLinked(a, b);
      const found = await b.sessions.load(session.id);
      expect(found.status).toBe(isKept ? "found" : "absent");
    },
  );
});

/**
 * A deploy of another version, node by node, while requests come in, and a ledger of what they wrote.
 *
 * Nodes only drain here, so nothing at all may be lost. Nodes that crash are the swarm's business.
 */
import type { DrainOutcome, JsonObject } from "@session-mesh/core";
import { type Dialect, marksIn, type NextFields, type Scenario } from "@session-mesh/sim";
import { expect } from "vitest";
import { fieldsOn, marksOf, writeNext } from "./next-writes.js";

/** How many sessions the requests are about. */
const SESSIONS = 5;
/** How long a new run serves under load before the next node drains. */
const SERVING_MS = 1_000;

interface Written {
  readonly attributes: Record<string, number>;
  readonly cart: Record<string, number>;
  readonly items: string[];
  views: number;
  readonly marks: string[];
  fields: NextFields | undefined;
}

/** The cluster under load. */
export class Rollout {
  /** How each drain ended. */
  readonly drains: DrainOutcome[] = [];
  /** How many requests wrote. */
  requests = 0;
  /** How many of them wrote what this version does not know. */
  nextRequests = 0;
  readonly #mesh: Scenario;
  readonly #isNext = new Set<string>();
  readonly #written = new Map<string, Written>();
  readonly #destroyed: string[] = [];

  constructor(mesh: Scenario) {
    this.#mesh = mesh;
    mesh.cluster.onEnd((_run, drained) => drained && this.drains.push(drained));
  }

  /** Whether the next version runs on a machine. */
  isNext(name: string): boolean {
    return this.#isNext.has(name);
  }

  /** Deploys another version to every node, one after the other; undefined is this version. */
  deployAll(dialect: Dialect | undefined): this {
    for (const name of this.#mesh.cluster.names) this.deploy(name, dialect);
    return this;
  }

  /** Deploys a version to one node, and checks that all are equal and nothing is lost. */
  deploy(name: string, dialect: Dialect | undefined): void {
    const { cluster } = this.#mesh;
    let isDone = false;
    const done = (): void => {
      isDone = true;
      if (dialect) this.#isNext.add(name);
      else this.#isNext.delete(name);
    };
    cluster.install(name, dialect);
    cluster.deploy(name, { downMs: 500, done });
    while (!isDone) this.request();
    const untilMs = this.#mesh.nowMs + SERVING_MS;
    while (this.#mesh.nowMs < untilMs) this.request();
    this.#mesh.settle();
    this.expectAll();
  }

  /** One request at one of the nodes that serve. */
  request(): void {
    const { cluster } = this.#mesh;
    const serving = cluster.names.filter((name) => cluster.runOn(name)?.isServing);
    const i = (this.requests += 1);
    const node = serving[i % serving.length];
    if (node === undefined) throw new Error("nobody serves");
    const session = `s${i % SESSIONS}`;
    if (this.#mesh.read(node, session).status === "absent") this.#mesh.pull(node, session);
    if (this.#isNext.has(node) && i % 3 === 0) this.#writeNext(node, session);
    else this.#write(node, session);
    this.#mesh.run("20ms");
  }

  /** Every node holds all that was written, whoever wrote it. */
  expectAll(): void {
    for (const [session, written] of this.#written) {
      for (const node of this.#mesh.cluster.names) this.#expect(node, session, written);
      const marks = marksOf(this.#mesh, session);
      expect([...marks.keys()].sort(), session).toEqual(this.#mesh.cluster.names);
      for (const [node, seen] of marks) {
        expect(seen, `${session} on ${node}`).toEqual(marksIn(written.marks));
      }
    }
    for (const session of this.#destroyed) this.#mesh.expectEverywhere(session, "destroyed");
  }

  #expect(
    node: string,
    session: string,
    { attributes, cart, items, views, fields }: Written,
  ): void {
    const read = this.#mesh.read(node, session);
    const value: JsonObject = read.status === "found" ? read.value : {};
    const seen = { ...value, items: [...((value["items"] ?? []) as string[])].sort() };
    const wanted = { ...attributes, cart, views, items: [...items].sort() };
    expect(seen, `${session} on ${node}`).toEqual(wanted);
    expect(fieldsOn(this.#mesh, node, session), `${session} on ${node}`).toEqual(fields ?? {});
  }

  #writtenTo(session: string): Written {
    const blank = { attributes: {}, cart: {}, items: [], views: 0, marks: [], fields: undefined };
    const written: Written = this.#written.get(session) ?? blank;
    this.#written.set(session, written);
    return written;
  }

  #write(node: string, session: string): void {
    const i = this.requests;
    const written = this.#writtenTo(session);
    this.#mesh.change(node, session, (value: Record<string, unknown>) => {
      value[`w${i % 20}`] = written.attributes[`w${i % 20}`] = i;
      const cart = (value["cart"] ??= {}) as Record<string, number>;
      cart[`k${i % 20}`] = written.cart[`k${i % 20}`] = i;
      if (i % 5 !== 0) return;
      ((value["items"] ??= []) as string[]).push(`item ${i}`);
      written.items.push(`item ${i}`);
    });
    this.#mesh.increment(node, session, "views");
    written.views += 1;
    if (i % 7 === 0) this.#destroySomething(node);
  }

  /** A session that was made by one node is logged out on another. */
  #destroySomething(node: string): void {
    const others = this.#mesh.cluster.runs().filter(({ isServing }) => isServing);
    const session = `out${this.requests}`;
    this.#mesh.write(node, session, { user: "ada" }).run("20ms");
    const other = others.find(({ machine }) => machine !== node)?.machine ?? node;
    this.#mesh.destroy(other, session);
    this.#destroyed.push(session);
  }

  #writeNext(node: string, session: string): void {
    const i = this.requests;
    const written = this.#writtenTo(session);
    const mark = `mark-${i}`;
    this.nextRequests += 1;
    const news = { max: i % 50, min: -(i % 50), or: i % 4 === 0, last: [`last ${i}`, i] };
    writeNext(this.#mesh, { node, session }, { mark, fields: news });
    written.marks.push(mark);
    const before = written.fields ?? news;
    const max = Math.max(before.max, news.max);
    const min = Math.min(before.min, news.min);
    written.fields = { max, min, or: before.or || news.or, last: news.last };
  }
}

/** P11: nodes of two versions side by side on real WebSockets, deployed and rolled back. */
import { NEXT_MESSAGE, nextVersion } from "@session-mesh/sim";
import type { Event, Mesh } from "session-mesh";
import { afterEach, expect, test } from "vitest";
import { freePort } from "../processes/tcp-link.js";
import { allLinked, closeNodes, startNode } from "../security/nodes.js";
import { createTranslatedTransport } from "./translated-transport.js";

const SESSIONS = 10;

afterEach(closeNodes);

/** Starts a node at its port, of the next version if so told. */
async function start(
  node: string,
  ports: { own: number; other: number },
  { isNext, events }: { isNext: boolean; events: Event[] },
): Promise<Mesh> {
  const place = isNext
    ? { transport: createTranslatedTransport(ports.own, nextVersion({ digestVersion: 2 })) }
    : { listen: { port: ports.own } };
  const onEvent = (event: Event): number => events.push(event);
  return startNode({ node, seeds: [`127.0.0.1:${ports.other}`], ...place, onEvent });
}

test("P11: real nodes are deployed to the next version and back, and lose no session", async () => {
  const [first, second] = [await freePort(), await freePort()];
  const ports = { a: { own: first, other: second }, b: { own: second, other: first } };
  const events: Event[] = [];
  let a = await start("a", ports.a, { isNext: false, events });
  let b = await start("b", ports.b, { isNext: false, events });
  await allLinked(a, b);
  const ids: string[] = [];
  for (let i = 0; i < SESSIONS; i++) {
    const session = (i % 2 === 0 ? a : b).sessions.create();
    session.value["steps"] = [];
    await session.commit({ acks: "all" });
    ids.push(session.id);
  }
  const steps: string[] = [];
  const use = async (mesh: Mesh, step: string): Promise<void> => {
    for (const id of ids) {
      const found = await mesh.sessions.load(id);
      if (found.status !== "found") throw new Error(`${step}: a session is ${found.status}`);
      expect(found.session.value["steps"]).toEqual(steps);
      (found.session.value["steps"] as string[]).push(step);
      expect(await found.session.commit({ acks: "all" })).toMatchObject({ acks: 1 });
    }
    steps.push(step);
  };
  for (const isNext of [true, false]) {
    expect(await b.close()).toMatchObject({ confirmed: true });
    b = await start("b", ports.b, { isNext, events });
    await allLinked(a, b);
    await use(b, `b ${isNext}`);
    await use(a, `a beside b ${isNext}`);
    expect(await a.close()).toMatchObject({ confirmed: true });
    a = await start("a", ports.a, { isNext, events });
    await allLinked(a, b);
    await use(a, `a ${isNext}`);
  }
  await use(b, "b at the end");
  expect(a.status().fingerprint).toBe(b.status().fingerprint);
  const types = new Set(events.map(({ type }) => type));
  for (const type of ["frame-rejected", "update-refused", "peer-refused"] as const) {
    expect(types).not.toContain(type);
  }
  expect(events).toContainEqual(expect.objectContaining({ messageType: NEXT_MESSAGE }));
});

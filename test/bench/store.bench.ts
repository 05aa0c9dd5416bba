/**
 * Reading and writing a session: ours in the app server's memory with one peer confirming, beside
 * connect-redis with a Redis server.
 */
import { RedisStore } from "connect-redis";
import type { SessionData } from "express-session";
import { createClient } from "redis";
import { startNodes } from "./nodes.js";
import type { RedisServer } from "./redis.js";
import { atLeast, median, type Result } from "./result.js";
import { interleave, rate, sampleSession } from "./workload.js";

const SESSIONS = 1_000;
const ROUNDS = 5;
const DURATION_MS = 600;
const PEER = "connect-redis";

/** All figures of this file. */
export async function storeBench(redis: RedisServer): Promise<Result[]> {
  const client = createClient({ url: redis.url });
  await client.connect();
  const store = new RedisStore({ client });
  const nodes = await startNodes(2);
  const { sessions } = nodes.mesh;
  const ids: string[] = [];
  for (let index = 0; index < SESSIONS; index++) {
    const session = sessions.create();
    session.value = sampleSession();
    await session.commit({ acks: 1 });
    ids.push(session.id);
    await setInRedis(store, `id-${index}`, index);
  }
  const idAt = (index: number): string => ids[index % SESSIONS] as string;

  const read = async (index: number): Promise<void> => {
    const opened = sessions.open(idAt(index));
    if (opened.status !== "found" || opened.session.value["theme"] !== "dark")
      throw new Error("lost");
  };
  const readPeer = (index: number): Promise<unknown> => store.get(`id-${index % SESSIONS}`);
  let written = 1_000_000;
  const write = async (index: number): Promise<void> => {
    const opened = sessions.open(idAt(index));
    if (opened.status !== "found") throw new Error("lost");
    opened.session.value["views"] = written += 1;
    const { acks } = await opened.session.commit({ acks: 1, deadlineMs: 1_000 });
    if (acks < 1) throw new Error("not acknowledged");
  };
  const writePeer = (index: number): Promise<unknown> =>
    setInRedis(store, `id-${index % SESSIONS}`, index);

  const results: Result[] = [];
  const compare = async (
    name: string,
    inFlight: number,
    target: number,
    [ours, peer]: [(index: number) => Promise<unknown>, (index: number) => Promise<unknown>],
  ): Promise<void> => {
    const run = (operation: (index: number) => Promise<unknown>) => () =>
      rate(inFlight, DURATION_MS, operation);
    const rates = await interleave(ROUNDS, run(ours), run(peer));
    const measured = { ours: median(rates.ours), peer: { name: PEER, value: median(rates.peer) } };
    results.push(
      atLeast(target, { name: `${name}, ${inFlight} in flight`, unit: "/s", ...measured }),
    );
  };
  await compare("read a session", 1, 20, [read, readPeer]);
  await compare("read a session", 256, 5, [read, readPeer]);
  await compare("acknowledged write", 1, 1.5, [write, writePeer]);
  await compare("acknowledged write", 256, 1, [write, writePeer]);
  await nodes.stop();
  client.destroy();
  return results;
}

function setInRedis(store: RedisStore, id: string, views: number): Promise<unknown> {
  const cookie = { originalMaxAge: 86_400_000, path: "/" };
  const session = { ...sampleSession(), views, cookie };
  return store.set(id, session as unknown as SessionData);
}

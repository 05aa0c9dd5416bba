/**
 * A hundred thousand sessions: the memory that each takes on a node that only holds them, and how
 * long a node takes that joins them; beside Redis' memory for the same JSON.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createMesh } from "session-mesh";
import { freePort } from "./redis.js";
import { atMost, type Result } from "./result.js";
import { sampleSession } from "./workload.js";

const SESSIONS = 100_000;
const AT_ONCE = 500;

/** All figures of this file. */
export async function tableBench(): Promise<Result[]> {
  const mesh = await createMesh({ listen: { port: await freePort() }, node: "holder" });
  const ids: string[] = [];
  for (let index = 0; index < SESSIONS; index += AT_ONCE) {
    const commits = Array.from({ length: AT_ONCE }, () => {
      const session = mesh.sessions.create();
      session.value = sampleSession();
      ids.push(session.id);
      return session.commit({ acks: 0 });
    });
    await Promise.all(commits);
  }
  const script = fileURLToPath(new URL("./joiner.ts", import.meta.url));
  const args = [String(await freePort()), mesh.address, String(SESSIONS), ids[7] ?? ""];
  const joiner = fork(script, args, { execArgv: [...process.execArgv, "--expose-gc"] });
  const [report] = (await once(joiner, "message")) as [JoinReport];
  const exit = once(joiner, "exit");
  joiner.disconnect();
  await exit;
  await mesh.close({ drain: false });
  const figure = (name: string, unit: string, ours: number, value: number): Result =>
    atMost({ name, unit, ours, peer: { name: "limit", value } });
  return [
    figure("memory per session, 100,000 held cold", "B", report.bytesPerSession, 600),
    figure("join with 100,000 sessions", "ms", report.joinedMs, 2_000),
    figure("first session served while joining", "ms", report.servedMs, 150),
  ];
}

/** What the joining process measured. */
export interface JoinReport {
  readonly bytesPerSession: number;
  readonly joinedMs: number;
  readonly servedMs: number;
}

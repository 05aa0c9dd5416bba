/**
 * Three sidecars in a mesh, with a Tomcat each: two that run version 1 of the application, and one that
 * runs version 2 and keeps what cannot be carried to itself.
 *
 * Not here: what is tested of it (responses.suite.ts, sessions.suite.ts, failures.suite.ts).
 */
import type { TomcatRelease } from "@session-mesh/tomcat";
import { type Sidecar, startSidecars } from "../interop/sidecars.js";
import { type Tomcat, TomcatFactory } from "./tomcats.js";

/** What the suites run against. */
export interface Cluster {
  readonly factory: TomcatFactory;
  readonly sidecars: readonly Sidecar[];
  readonly first: Tomcat;
  readonly second: Tomcat;
  /** Another version of the application. */
  readonly newer: Tomcat;
  stop(): Promise<void>;
}

/** Long enough for a peer that is paused or starved; nothing here is about how long to wait. */
const PATIENT = { ackDeadlineMs: 5_000 };

/** Starts all of it. */
export async function startCluster(release: TomcatRelease): Promise<Cluster> {
  const factory = new TomcatFactory(release);
  const sidecars: Sidecar[] = [];
  const stop = async (): Promise<void> => {
    await factory.close();
    await Promise.all(sidecars.map((each) => each.stop()));
  };
  try {
    sidecars.push(...(await startSidecars(3, PATIENT)));
    const [a, b, c] = sidecars.map(portOf) as [number, number, number];
    const manager = { timeoutMs: 10_000 };
    const other = { ...manager, allow: "shop java.lang", unserializable: "skip" };
    const [first, second, newer] = await Promise.all([
      factory.start(a, { manager }),
      factory.start(b, { manager }),
      factory.start(c, { manager: other, version: 2 }),
    ]);
    return { factory, sidecars, first, second, newer, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Where a sidecar's Redis door is. */
export function portOf({ address }: Sidecar): number {
  return (address as { readonly port: number }).port;
}

/** Stops sidecars from running, without anybody being told, while `run` runs. */
export async function whilePaused<T>(
  sidecars: readonly Sidecar[],
  run: () => Promise<T>,
): Promise<T> {
  for (const { pid } of sidecars) process.kill(pid, "SIGSTOP");
  try {
    return await run();
  } finally {
    for (const { pid } of sidecars) process.kill(pid, "SIGCONT");
  }
}

/**
 * Leaving on SIGTERM without losing anything (P7): not-ready while still accepting, then the server,
 * then the mesh, then the process.
 *
 *   signal ─▶ not ready ──readinessDelayMs──▶ server closes ──▶ mesh drains ─▶ exit 0, or 1
 *                │          requests are served as always; in the second half of the delay
 *                │          responses say `Connection: close`, so that a balancer's pool empties
 *                │          by itself instead of being reset under a request
 *                └─ without live peers: no delay, since nobody could take over
 *
 * Exit 0 means that every peer that stays has confirmed all that was held here, or that there was
 * nothing to hold. A second signal exits at once.
 *
 * Not here: finding out what peers hold (core), closing a server gracefully (server-closer.ts).
 */
import type { Server } from "node:http";
import type { DrainOutcome, Millis } from "@session-mesh/core";
import type { Mesh } from "./mesh.js";
import { MeshError } from "./mesh-error.js";
import { requireMesh, requireOptions } from "./required.js";
import { ServerCloser } from "./server-closer.js";

/**
 * What takes an app's requests, where that is no HTTP server: another protocol's, or several together.
 */
export interface Door {
  /** From now on clients are to be told that they should go, where the protocol can say it. */
  announce(): void;
  /** Takes nobody in any more; resolves when what was asked is answered, at the latest then. */
  close(deadlineMs: Millis): Promise<void>;
}

/** How to leave. */
export interface DrainOnSignalOptions {
  /** How long a balancer may take to notice that the node is not ready. @default 5_000 */
  readonly readinessDelayMs?: Millis;
  /** How long leaving may take in all, the delay included. @default 25_000 */
  readonly deadlineMs?: Millis;
  /** @default ["SIGTERM", "SIGINT"] */
  readonly signals?: readonly NodeJS.Signals[];
  /** Ends the process. @default process.exit */
  readonly exit?: (code: number) => void;
  /** Takes the line that says how it went. @default console.warn */
  readonly log?: (line: string) => void;
}

const NAMES: readonly (keyof DrainOnSignalOptions)[] = [
  "readinessDelayMs",
  "deadlineMs",
  "signals",
  "exit",
  "log",
];

const READINESS_DELAY_MS: Millis = 5_000;
const DEADLINE_MS: Millis = 25_000;

/** What is left of the deadline for the mesh when requests will not end. */
const MESH_SHARE = 0.2;

type Settled = Required<DrainOnSignalOptions>;

/**
 * Leaves when the process is asked to. Call it once, with the server that takes the app's requests.
 * Returns what takes the signal handlers away again. Throws a MeshError for options that cannot be.
 */
export function drainOnSignal(
  mesh: Mesh,
  server: Server | Door,
  options: DrainOnSignalOptions = {},
): () => void {
  requireMesh(mesh, "drainOnSignal");
  requireOptions(options, NAMES, "drainOnSignal");
  const settled = settle(options);
  const closer = isDoor(server) ? server : closerOf(server);
  let isLeaving = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isLeaving) {
      settled.log(`[session-mesh] ${mesh.node}: ${signal} again, exiting at once`);
      settled.exit(1);
      return;
    }
    isLeaving = true;
    leave(mesh, closer, settled).then(settled.exit, (error: unknown) => {
      settled.log(`[session-mesh] ${mesh.node}: leaving failed: ${String(error)}`);
      settled.exit(1);
    });
  };
  for (const signal of settled.signals) process.on(signal, onSignal);
  return () => {
    for (const signal of settled.signals) process.off(signal, onSignal);
    if (closer instanceof ServerCloser) closer.release();
  };
}

function isDoor(server: Server | Door | null | undefined): server is Door {
  return typeof (server as Partial<Door> | null | undefined)?.announce === "function";
}

function closerOf(server: Server): ServerCloser {
  requireServer(server);
  return new ServerCloser(server);
}

function requireServer(server: Partial<Server> | null | undefined): void {
  if (
    typeof server?.on === "function" &&
    typeof server.close === "function" &&
    "listening" in server
  )
    return;
  const remedy = "drainOnSignal(mesh, app.listen(3000)), or what http.createServer(app) returned";
  throw new MeshError("option", `drainOnSignal needs the server of the app: ${remedy}`);
}

async function leave(mesh: Mesh, closer: Door, options: Settled): Promise<number> {
  const endsAtMs = performance.now() + options.deadlineMs;
  const leftMs = (): Millis => Math.max(0, endsAtMs - performance.now());
  mesh.startLeaving();
  if (hasLivePeers(mesh)) {
    await sleep(options.readinessDelayMs / 2);
    closer.announce();
    await sleep(options.readinessDelayMs / 2);
  }
  await closer.close(Math.max(0, leftMs() - options.deadlineMs * MESH_SHARE));
  const outcome = await mesh.close({ deadlineMs: leftMs() });
  const isSafe = outcome.confirmed || (outcome.peers === 0 && outcome.soleHeldCount === 0);
  if (!isSafe) options.log(`[session-mesh] ${mesh.node}: ${lossLine(outcome)}`);
  return isSafe ? 0 : 1;
}

function lossLine({ peers, soleHeldCount }: DrainOutcome): string {
  const sessions = soleHeldCount === 1 ? "1 session" : `${soleHeldCount} sessions`;
  const why =
    peers === 0
      ? "no peer was there to confirm what it holds"
      : "not every peer confirmed in time what it holds";
  return `left although ${why}; it alone held ${sessions}`;
}

function hasLivePeers(mesh: Mesh): boolean {
  const isLive = ({ isSelf, isLinked, state, isDraining }: MemberOf): boolean =>
    !isSelf && isLinked && state === "alive" && !isDraining;
  return mesh.isAlive && mesh.status().members.some(isLive);
}

type MemberOf = ReturnType<Mesh["status"]>["members"][number];

function settle(options: DrainOnSignalOptions): Settled {
  const settled: Settled = {
    readinessDelayMs: options.readinessDelayMs ?? READINESS_DELAY_MS,
    deadlineMs: options.deadlineMs ?? DEADLINE_MS,
    signals: options.signals ?? ["SIGTERM", "SIGINT"],
    exit: options.exit ?? ((code) => process.exit(code)),
    log: options.log ?? ((line) => console.warn(line)),
  };
  const { readinessDelayMs, deadlineMs } = settled;
  const isFine = readinessDelayMs >= 0 && Number.isFinite(deadlineMs);
  if (!isFine || deadlineMs * (1 - MESH_SHARE) <= readinessDelayMs) {
    throw new MeshError(
      "option",
      `\`deadlineMs\` (${deadlineMs}) must be finite and leave time after \`readinessDelayMs\` ` +
        `(${readinessDelayMs}) for requests and peers: give at least the delay and 5000 more`,
    );
  }
  return settled;
}

function sleep(ms: Millis): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

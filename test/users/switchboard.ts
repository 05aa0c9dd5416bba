/**
 * Meshes in one process, over a memory network that can be cut and healed, and a clock that the test
 * sets.
 *
 * Not here: expectations, and faults of any other kind (the simulator has them).
 */
import {
  type Connection,
  createMemoryNetwork,
  createMesh,
  type Event,
  type Mesh,
  type MeshOptions,
  type SessionHandle,
  type Transport,
} from "session-mesh";
import { afterEach, beforeEach, vi } from "vitest";

const STARTED_AT_MS = Date.UTC(2026, 10, 23, 8);

/** Quick to notice, so that tests need not wait. */
const LIMITS = { suspicionMs: 300, redialDelayMsMax: 200, auditIntervalMs: 300, auditGraceMs: 1 };

let board: Switchboard;
let meshes: Mesh[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: STARTED_AT_MS });
  board = new Switchboard();
  meshes = [];
});

afterEach(async () => {
  await Promise.all(meshes.map((mesh) => mesh.close({ drain: false })));
  vi.useRealTimers();
});

/** Sets every clock to so many milliseconds after the start of the test. */
export function at(ms: number): void {
  vi.setSystemTime(STARTED_AT_MS + ms);
}

/** Of a node that was not told about users, as before the option was set. */
export const UNAWARE = { userAttribute: undefined } as unknown as Partial<MeshOptions>;

/** Starts a node of that name, which knows those that were started before. */
export async function node(name: string, options: Partial<MeshOptions> = {}): Promise<Mesh> {
  const mesh = await createMesh({
    node: name,
    transport: board.transport(name),
    seeds: meshes.map(({ address }) => address),
    userAttribute: "user.id",
    acks: "all",
    log: () => {},
    ...options,
    limits: { ...LIMITS, ...options.limits },
  });
  meshes.push(mesh);
  return mesh;
}

/** Starts `a`, `b` and `c`, each linked with the others. */
export async function threeNodes(
  options: Partial<MeshOptions> = {},
): Promise<readonly [Mesh, Mesh, Mesh]> {
  const nodes = [await node("a", options), await node("b", options), await node("c", options)];
  await areLinked(...nodes);
  return nodes as [Mesh, Mesh, Mesh];
}

/**
 * Cuts every link between the two sides, and waits until both have noticed. Nodes named `joining`
 * will be on the first side.
 */
export async function cut(
  side: readonly Mesh[],
  other: readonly Mesh[],
  joining: readonly string[] = [],
): Promise<void> {
  board.cut([...names(side), ...joining.map((name) => `memory://${name}`)], names(other));
  await areLinked(...side);
  await areLinked(...other);
}

/** Mends all links, and waits until everybody has one with everybody. */
export async function heal(...nodes: readonly Mesh[]): Promise<void> {
  board.heal();
  await areLinked(...nodes);
}

/** Waits until a node has links to these others and to no more. */
export async function areLinked(...nodes: readonly Mesh[]): Promise<void> {
  const wanted = nodes.map(() => nodes.length - 1);
  await eventually(() => {
    const counts = nodes.map(linkCount);
    if (counts.join() !== wanted.join()) throw new Error(`links: ${counts.join()}`);
  });
}

/** Waits until `check` does not throw any more; the clock that tests set stands still meanwhile. */
export async function eventually(check: () => unknown): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  for (;;) {
    try {
      check();
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
    }
    await new Promise((turn) => setTimeout(turn, 5));
  }
}

/** A session with this value, which all nodes in reach hold. */
export async function stored(mesh: Mesh, value: Record<string, unknown>): Promise<string> {
  const handle = mesh.sessions.create();
  Object.assign(handle.value, value);
  const { status } = await handle.commit({ deadlineMs: 5_000 });
  if (status !== "committed") throw new Error(`the session was not stored: ${status}`);
  return handle.id;
}

/** A session of a user who logs in now. */
export const login = (mesh: Mesh, id: unknown): Promise<string> => stored(mesh, { user: { id } });

/** The session, which must be there. */
export function opened(mesh: Mesh, id: string): SessionHandle {
  const result = mesh.sessions.open(id);
  if (result.status !== "found") throw new Error(`${mesh.node}: ${result.status}`);
  return result.session;
}

/** How each of these nodes finds the session. */
export const found = (nodes: readonly Mesh[], id: string): string[] =>
  nodes.map(({ sessions }) => sessions.open(id).status);

/** What a node tells of revokes, from now on. */
export function revokesHeard(mesh: Mesh): Extract<Event, { type: "user-revoked" }>[] {
  const heard: Extract<Event, { type: "user-revoked" }>[] = [];
  mesh.on("event", (event) => {
    if (event.type === "user-revoked") heard.push(event);
  });
  return heard;
}

const linkCount = (mesh: Mesh): number =>
  mesh.status().members.filter(({ isLinked }) => isLinked).length;

const names = (nodes: readonly Mesh[]): string[] => nodes.map(({ address }) => address);

class Switchboard {
  readonly #network = createMemoryNetwork();
  readonly #open = new Map<Connection, readonly [string, string]>();
  #sides: readonly [readonly string[], readonly string[]] = [[], []];

  cut(side: readonly string[], other: readonly string[]): void {
    this.#sides = [side, other];
    for (const [connection, [from, to]] of this.#open) {
      if (this.#isCut(from, to)) connection.close("cut");
    }
  }

  heal(): void {
    this.#sides = [[], []];
  }

  transport(name: string): Transport {
    const inner = this.#network.transport(name);
    const here = `memory://${name}`;
    return {
      isLoopback: true,
      listen: (accepted) => inner.listen((far) => accepted(this.#track(far, here))),
      dial: (address, dial) => {
        if (this.#isCut(here, address)) setImmediate(() => dial.failed("cut"));
        else {
          const opened = (near: Connection) => dial.opened(this.#track(near, here));
          inner.dial(address, { opened, failed: (detail) => dial.failed(detail) });
        }
      },
      close: () => inner.close(),
    };
  }

  #track(connection: Connection, here: string): Connection {
    this.#open.set(connection, [here, connection.remote]);
    return connection;
  }

  #isCut(from: string, to: string): boolean {
    const [side, other] = this.#sides;
    return (
      (side.includes(from) && other.includes(to)) || (side.includes(to) && other.includes(from))
    );
  }
}

/**
 * Promises broken on purpose, to show that a run notices: a test-only seam around the mesh's public
 * interface, in the demo's processes alone.
 *
 * Nothing of it is in the library, and without `--sabotage` nothing of it is called.
 */
import type {
  AckResult,
  CommitOutcome,
  Mesh,
  MeshOptions,
  SessionHandle,
  Sessions,
} from "session-mesh";
import { blindAudits } from "./blind-audits.js";

/**
 * `early-ack` breaks P1: a write is acknowledged at once, and made five seconds later.
 * `no-tombstone` breaks P3: a logout drops the session here, and tells nobody.
 * `no-audit` breaks P8: nothing is remembered for those who were away, and no comparison of what two
 * nodes hold finds a difference.
 * `no-token` breaks P5: no response tells its user's next request what it has seen.
 */
export const SABOTAGES = ["no-tombstone", "early-ack", "no-audit", "no-token"] as const;

/** One of {@link SABOTAGES}. */
export type Sabotage = (typeof SABOTAGES)[number];

/** So long that a process that ends has some left to make, also where a request takes a second. */
const WRITE_DELAY_MS = 5_000;

/** Whether `name` names a sabotage. */
export function isSabotage(name: string): name is Sabotage {
  return (SABOTAGES as readonly string[]).includes(name);
}

/** The limits with which a mesh is to be started, to break a promise. */
export function sabotagedLimits(
  sabotage: Sabotage | undefined,
): NonNullable<MeshOptions["limits"]> {
  return sabotage === "no-audit" ? { changeLogEntriesMax: 1, changeLogBytesMax: 1 } : {};
}

/** `mesh`, with a promise broken. */
export function sabotaged(mesh: Mesh, sabotage: Sabotage): Mesh {
  const { sessions } = mesh;
  if (sabotage === "no-audit") {
    blindAudits();
    return mesh;
  }
  return replacing(mesh, { sessions: BREAK[sabotage](sessions) });
}

const BREAK = {
  "early-ack": acknowledgingEarly,
  "no-tombstone": keepingQuiet,
  "no-token": forgetting,
} as const satisfies Partial<Record<Sabotage, (sessions: Sessions) => Sessions>>;

function forgetting(sessions: Sessions): Sessions {
  return handing(sessions, (handle) =>
    replacing(handle, { unshared: () => ({ ...handle.unshared(), revisions: [] }) }),
  );
}

function acknowledgingEarly(sessions: Sessions): Sessions {
  const commit = (handle: SessionHandle, ...args: Parameters<SessionHandle["commit"]>) => {
    // A login is made at once, or its user could not even follow the redirect.
    if (handle.isNew) return handle.commit(...args);
    setTimeout(() => void handle.commit(...args).catch(() => {}), WRITE_DELAY_MS);
    const outcome: CommitOutcome = { status: "committed", acks: 1, degraded: false };
    return Promise.resolve(outcome);
  };
  const write = (handle: SessionHandle, ...args: Parameters<SessionHandle["write"]>) => {
    if (handle.isNew) return handle.write(...args);
    return { status: "committed", acknowledged: commit(handle, ...args) } as const;
  };
  return handing(sessions, (handle) =>
    replacing(handle, {
      commit: (...args) => commit(handle, ...args),
      write: (...args) => write(handle, ...args),
    }),
  );
}

function keepingQuiet(sessions: Sessions): Sessions {
  const dropped = new Set<string>();
  const drop = (id: string): Promise<AckResult> => {
    dropped.add(id);
    return Promise.resolve({ acks: 1, degraded: false });
  };
  const quiet = handing(sessions, (handle) =>
    replacing(handle, { destroy: () => drop(handle.id) }),
  );
  const gone = { status: "destroyed", regeneratedAtMs: 0 } as const;
  return replacing(quiet, {
    open: (id) => (dropped.has(id) ? gone : quiet.open(id)),
    load: (id, ...rest) => (dropped.has(id) ? Promise.resolve(gone) : quiet.load(id, ...rest)),
    destroy: (id) => drop(id),
  });
}

/** `sessions`, each handle of which passes through `change`. */
function handing(sessions: Sessions, change: (handle: SessionHandle) => SessionHandle): Sessions {
  const changed = <T extends { status: string }>(opened: T): T =>
    "session" in opened ? { ...opened, session: change(opened.session as SessionHandle) } : opened;
  return replacing(sessions, {
    create: (...args) => change(sessions.create(...args)),
    open: (...args) => changed(sessions.open(...args)),
    load: async (...args) => changed(await sessions.load(...args)),
  });
}

/** `target` with some of its members replaced; everything else is the target's own. */
function replacing<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get: (_target, name) => {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (_target, name, value) => Reflect.set(target, name, value, target),
  });
}

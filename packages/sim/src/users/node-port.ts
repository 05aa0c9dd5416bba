/**
 * The narrow port through which users reach nodes and checkers look into them. What drives and judges
 * a run knows no more of the world than this, so that the world may be the simulated one, under
 * virtual time, or processes on a real network (test/processes).
 *
 * Everything that is done from one call of {@link Course.after}, or of whoever waits for a ticket or an
 * event, is one step: it happens at one moment of the nodes that it reaches, and nothing else happens to
 * them meanwhile.
 *
 * Not here: either world.
 */
import type {
  EventBody,
  Limits,
  Millis,
  NodeId,
  Outcome,
  Prng,
  Replica,
  ReplicaConfig,
  Ticket,
} from "@session-mesh/core";

/** Time, chance, and the end of a run. */
export interface Course {
  /** True time since the start of the run, which no node can see. */
  readonly nowMs: Millis;
  /** A generator of its own for each part. */
  fork(): Prng;
  /** Runs a step later. */
  after(delayMs: Millis, run: () => void): void;
  /** Ends the run: a promise was broken. */
  fail(checker: string, detail: string): never;
}

/** What is asked of a replica. */
export type ReplicaPort = Pick<
  Replica,
  | "awaitAcks"
  | "awaitRevisions"
  | "blank"
  | "commit"
  | "describe"
  | "destroy"
  | "held"
  | "inspect"
  | "isStored"
  | "pull"
  | "read"
  | "status"
  | "touch"
  | "unshared"
>;

/** A run of a node. It stays the same object until it ends, and never comes back. */
export interface NodePort {
  readonly machine: string;
  readonly node: NodeId;
  readonly config: Pick<ReplicaConfig, "writer" | "limits" | "durability">;
  readonly replica: ReplicaPort;
  /** What it stores on, if it does; told from other disks by being another object. */
  readonly disk: object | undefined;
  readonly isAlive: boolean;
  readonly isPaused: boolean;
  readonly isDraining: boolean;
  /** Whether a balancer would send requests there. */
  readonly isServing: boolean;
  /** What its clock shows. */
  wallMs(): Millis;
  /** What its monotonic clock shows. */
  elapsedMs(): Millis;
  /** For how long the oldest unsettled ticket is past its deadline, where that is known. */
  readonly overdueMs?: Millis;
  /** Gives the replica an input; what it throws is a broken promise. */
  input<T>(run: (replica: ReplicaPort) => T): T;
  /** A ticket whose outcome goes to `settled`, in a step of its own, unless this run ends before. */
  ticket(settled: (outcome: Outcome) => void): Ticket;
}

/** All machines and what runs on them. */
export interface ClusterPort {
  readonly names: readonly string[];
  /** The limits that all nodes have. */
  readonly limits: Limits;
  /** Every run that lives. */
  runs(): readonly NodePort[];
  /** The run that lives on a machine. */
  runOn(name: string): NodePort | undefined;
  /** Whether two processes have had its name at once. */
  isNameShared(run: NodePort): boolean;
  /** Hears of everything that happens in any replica, in the order in which it happens there. */
  onEvent(listener: (run: NodePort, event: EventBody) => void): void;
  /** Hears of runs that began on what was on their disk. */
  onRestore(listener: (run: NodePort) => void): void;
}

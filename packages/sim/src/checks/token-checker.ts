/**
 * The guarantees of one user's session (P5): he reads what he wrote, never less than he read, and what
 * he writes follows both, on whichever node he lands.
 *
 * What he misses is excused only where the promise says so; each excuse is counted, and none may
 * become the rule.
 *
 * Not here: what he takes along (jar.ts).
 */
import { beyond, type SessionId, type VersionVector } from "@session-mesh/core";
import { type Jar, pairsOf } from "../users/jar.js";
import type { Course, NodePort } from "../users/node-port.js";

/** How reads of users who had seen something before went. */
export interface TokenCounts {
  /** Everything was there. */
  whole: number;
  /** Something was missing, and the response was marked. */
  markedStale: number;
  /** Nobody reachable had it, as was found out and marked before. */
  lost: number;
  /** The token had run out before. */
  ranOut: number;
  /** It was shared with all members then, and this one was none, or is another process now. */
  newcomer: number;
  /** Two processes had one name, so that nobody could tell which of them held it. */
  sharedName: number;
  /** How many requests waited for what their user had seen. */
  waits: number;
}

/** What a request found. */
export interface Visited {
  readonly run: NodePort;
  readonly session: SessionId;
  /** What the node holds now. */
  readonly held: VersionVector;
  /** What the request brought along. */
  readonly brought: VersionVector;
  readonly isMarked: boolean;
  readonly isNameShared: boolean;
  /** What the node found to be lost. */
  readonly lost: VersionVector;
}

/** Checks what users are shown. */
export class TokenChecker {
  readonly counts: TokenCounts = {
    whole: 0,
    markedStale: 0,
    lost: 0,
    ranOut: 0,
    newcomer: 0,
    sharedName: 0,
    waits: 0,
  };
  readonly #simulator: Course;

  constructor(simulator: Course) {
    this.#simulator = simulator;
  }

  /** A user is shown a session. */
  read(jar: Jar, visited: Visited): void {
    const missing = beyond(jar.seen, visited.held);
    if (missing.length === 0) this.counts.whole += 1;
    else if (visited.isMarked) this.counts.markedStale += 1;
    else for (const [writer, rev] of pairsOf(missing)) this.#excuse(jar, visited, [writer, rev]);
  }

  /** A user's request commits on top of `held`, having read `read`. */
  write(
    jar: Jar,
    { run, session, held }: Pick<Visited, "run" | "session" | "held">,
    read: VersionVector,
  ): void {
    const missing = beyond(read, held);
    if (missing.length === 0) return;
    const isOwn = beyond(missing, jar.wrote).length < missing.length;
    const checker = isOwn ? "P5 monotonic writes" : "P5 writes follow reads";
    const detail = `${session}: a commit on top of ${held.join()} by who read ${missing.join()}`;
    this.#simulator.fail(checker, `on ${run.machine}: ${detail}`);
  }

  #excuse(jar: Jar, visited: Visited, [writer, rev]: ReturnType<typeof pairsOf>[number]): void {
    const { run, brought, lost, isNameShared } = visited;
    const dot: VersionVector = [writer, rev];
    const isLost = beyond(dot, lost).length === 0 || beyond(dot, jar.lost).length === 0;
    const isBrought = beyond(dot, brought).length === 0;
    if (isLost) this.counts.lost += 1;
    else if (isNameShared) this.counts.sharedName += 1;
    else if (isBrought) this.#fail(jar, visited, `${writer}:${rev}, which was asked for`);
    else if (jar.isSaidToHold(run, writer, rev)) {
      this.#fail(jar, visited, `${writer}:${rev}, which it was said to hold`);
    } else if (jar.isShared(writer, rev)) this.counts.newcomer += 1;
    else this.counts.ranOut += 1;
  }

  #fail(jar: Jar, { run, session, held }: Visited, what: string): never {
    const isOwn = beyond(jar.wrote, held).length > 0;
    const checker = isOwn ? "P5 read your writes" : "P5 monotonic reads";
    return this.#simulator.fail(checker, `on ${run.machine}: ${session} lacks ${what}, unmarked`);
  }
}

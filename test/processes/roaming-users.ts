/**
 * Users who carry their sessions from process to process, write, read and log out, with a ledger of
 * what was acknowledged to them; and what of it is not kept.
 *
 * What is owed follows from what responses said alone, since nobody sees which process confirmed a
 * write: one that k peers confirmed is owed while no more than k processes were killed (P1).
 *
 * Not here: what a value must show (the simulator's value-checker.ts), and when all nodes are equal
 * (its convergence.ts).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Prng, SessionId } from "@session-mesh/core";
import { breachOf, type ComparedNode, type FilledValue, type Trace } from "@session-mesh/sim";
import type { Answer, MachineNode } from "./machine-nodes.js";

/** An acknowledged write. */
interface Write {
  readonly trace: Trace;
  readonly by: MachineNode;
  readonly acks: number;
}

/** Everything known of one session. */
interface SessionRecord {
  readonly writes: Write[];
  incrementsTried: number;
  /** Its end was asked for; whatever was written may die with it. */
  isEndTried: boolean;
  /** The acknowledged end. */
  end: Pick<Write, "by" | "acks"> | undefined;
}

/** What `/act` and `/end` answer. */
interface Committed {
  readonly session: SessionId;
  readonly status: "committed" | "unchanged" | "gone" | "full";
  readonly acks: number;
}

/** How users behave. */
export interface UsersOptions {
  readonly random: Prng;
  readonly count: number;
  /** Where requests may go; looked at before each. */
  readonly nodes: () => readonly MachineNode[];
  /** How much each write overwrites, beside what it adds. */
  readonly bulkBytes: number;
}

const THINK_MS = 80;
const LOGOUT_RATE = 0.08;
const LOOK_RATE = 0.35;
/** Short: a user does not wait for a process that stands still. */
const DEADLINE_MS = 4_000;

/** A user's cookies, and the session they are of. */
class Jar {
  readonly #cookies = new Map<string, string>();
  session: SessionId | undefined;

  take({ setCookies }: Answer<unknown>): void {
    for (const header of setCookies) {
      const [pair = ""] = header.split(";", 1);
      const at = pair.indexOf("=");
      const isClearing =
        pair.length === at + 1 || /max-age=0(;|$)|expires=\w+, 01 jan 1970/i.test(header);
      if (isClearing) this.#cookies.delete(pair.slice(0, at));
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
  }

  get header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

/** The users of one test. */
export class RoamingUsers {
  readonly counts = { acked: 0, degraded: 0, looks: 0, stale: 0, ended: 0, failed: 0 };
  /** What was shown to users against what was promised to them. */
  readonly breaches: string[] = [];
  readonly #options: UsersOptions;
  readonly #records = new Map<SessionId, SessionRecord>();
  readonly #killed = new Set<MachineNode>();
  #lives: Promise<void>[] = [];
  #number = 0;
  #isOver = false;

  constructor(options: UsersOptions) {
    this.#options = options;
  }

  /** Lets them begin. */
  start(): void {
    this.#lives = Array.from({ length: this.#options.count }, () => this.#live());
  }

  /** Lets no more requests begin; resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#lives);
  }

  /** Kills a process, which is known to the ledger from now on. */
  async kill(node: MachineNode): Promise<void> {
    this.#killed.add(node);
    await node.kill();
  }

  /** All sessions that any user was told of. */
  get sessions(): Iterable<SessionId> {
    return this.#records.keys();
  }

  /** What nodes that are equal lack, or have too much. */
  missingOn(nodes: readonly ComparedNode[]): string[] {
    return nodes.flatMap((node) => {
      const found: string[] = [];
      for (const [session, record] of this.#records) {
        const breach = this.#breachOn(node, session, record);
        if (breach !== undefined) found.push(`on ${node.machine}: ${session} ${breach}`);
      }
      return found;
    });
  }

  #breachOn(node: ComparedNode, session: SessionId, record: SessionRecord): string | undefined {
    const read = node.input((replica) => replica.read(session));
    if (read.status === "found") {
      const isEnded = record.end !== undefined && this.#isOwed(record.end);
      if (isEnded) return "was destroyed and is alive (P3)";
      return this.#breachOf(read.value as FilledValue, record);
    }
    const owedCount = record.writes.filter((write) => this.#isOwed(write)).length;
    if (record.isEndTried || owedCount === 0) return undefined;
    return `is ${read.status}, with ${owedCount} writes owed (P1)`;
  }

  #breachOf(value: FilledValue, { writes, incrementsTried }: SessionRecord): string | undefined {
    const isOwed = (write: Write): boolean => this.#isOwed(write);
    const breach = breachOf(value, { writes, isOwed, incrementsTried });
    return breach && `${breach.detail} (${breach.checker})`;
  }

  #isOwed({ by, acks }: Pick<Write, "by" | "acks">): boolean {
    return !this.#killed.has(by) || acks >= this.#killed.size;
  }

  async #live(): Promise<void> {
    const { random, nodes } = this.#options;
    let jar = new Jar();
    while (!this.#isOver) {
      const node = random.pick(nodes().filter(({ isAlive }) => isAlive));
      const draw = random.range(0, 1_000) / 1_000;
      try {
        if (jar.session === undefined) await this.#act(node, jar);
        else if (draw < LOGOUT_RATE) {
          const old = jar;
          jar = new Jar();
          await this.#end(node, old);
        } else if (draw < LOGOUT_RATE + LOOK_RATE) await this.#look(node, jar);
        else await this.#act(node, jar);
      } catch {
        // Whatever was asked for may have been done: nothing is owed, and nothing is excluded.
        this.counts.failed += 1;
      }
      await sleep(random.range(THINK_MS / 2, THINK_MS * 2));
    }
  }

  async #act(node: MachineNode, jar: Jar): Promise<void> {
    const { random, bulkBytes } = this.#options;
    const name = `${(this.#number += 1)}`;
    const traces: readonly Trace[] = [
      random.pick([
        { kind: "mark" as const, name },
        { kind: "push" as const, value: name },
      ]),
      { kind: "increment", by: random.range(1, 4) },
    ];
    const known = this.#recordOf(jar.session);
    const tried = traces.reduce(
      (sum, trace) => sum + (trace.kind === "increment" ? trace.by : 0),
      0,
    );
    // Before it is asked for: it may be done though no answer comes.
    if (known) known.incrementsTried += tried;
    const body = { ...bodyOf(traces), overwrite: name.padEnd(bulkBytes, "x") };
    const question = { path: "/act", cookie: jar.header, body, deadlineMs: DEADLINE_MS };
    const answer = await node.ask<Committed>(question);
    const { session, status, acks } = answer.body;
    this.#entered(node, { jar, session, answer });
    const record = this.#open(session);
    if (record !== known) record.incrementsTried += tried;
    if (status !== "committed") return;
    this.counts.acked += 1;
    if (acks === 0) this.counts.degraded += 1;
    for (const trace of traces) record.writes.push({ trace, by: node, acks });
  }

  async #look(node: MachineNode, jar: Jar): Promise<void> {
    const question = { path: "/look", cookie: jar.header, deadlineMs: DEADLINE_MS };
    const answer = await node.ask<{ session: SessionId; value: FilledValue }>(question);
    const { session, value } = answer.body;
    this.counts.looks += 1;
    const record = this.#recordOf(jar.session);
    const isSame = this.#entered(node, { jar, session, answer });
    if (!isSame || answer.isStale || !record) return;
    const breach = this.#breachOf(value, record);
    if (breach !== undefined) this.#fail(node, `shows ${session} unmarked, which ${breach} (P5)`);
  }

  async #end(node: MachineNode, jar: Jar): Promise<void> {
    const record = this.#recordOf(jar.session);
    if (record) record.isEndTried = true;
    const question = { path: "/end", cookie: jar.header, body: {}, deadlineMs: DEADLINE_MS };
    const { body } = await node.ask<Committed>(question);
    if (!record || body.session !== jar.session) return;
    this.counts.ended += 1;
    record.end = { by: node, acks: body.acks };
    await this.#returnLate(node, jar);
  }

  /** A tab that was left open goes on with the old session (M9): it writes elsewhere, and looks. */
  async #returnLate(node: MachineNode, jar: Jar): Promise<void> {
    const { random, nodes } = this.#options;
    const elsewhere = random.pick(nodes().filter(({ isAlive }) => isAlive));
    const late = { path: "/act", cookie: jar.header, body: { mark: "late" } };
    await elsewhere.ask({ ...late, deadlineMs: DEADLINE_MS });
    const question = { path: "/look", cookie: jar.header, deadlineMs: DEADLINE_MS };
    const { body } = await node.ask<{ session: SessionId; value: FilledValue }>(question);
    if (body.session !== jar.session) return;
    this.#fail(node, `shows ${body.session}, which it destroyed (P3)`);
  }

  /** Notes which session an answer was about; whether it is the one of before. */
  #entered(
    node: MachineNode,
    { jar, session, answer }: { jar: Jar; session: SessionId; answer: Answer<unknown> },
  ): boolean {
    jar.take(answer);
    if (answer.isStale) this.counts.stale += 1;
    const before = jar.session;
    jar.session = session;
    if (before === undefined || before === session) return before === session;
    const owed = this.#recordOf(before)?.writes.filter((write) => this.#isOwed(write)) ?? [];
    if (owed.length > 0) this.#fail(node, `took ${before} for absent, which others hold (P9)`);
    return false;
  }

  #recordOf(session: SessionId | undefined): SessionRecord | undefined {
    return session === undefined ? undefined : this.#records.get(session);
  }

  #open(session: SessionId): SessionRecord {
    const record = this.#records.get(session) ?? {
      writes: [],
      incrementsTried: 0,
      isEndTried: false,
      end: undefined,
    };
    this.#records.set(session, record);
    return record;
  }

  #fail({ machine }: MachineNode, what: string): void {
    this.breaches.push(`${machine.address} ${what}`);
  }
}

function bodyOf(traces: readonly Trace[]): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const trace of traces) {
    if (trace.kind === "mark") body["mark"] = trace.name;
    if (trace.kind === "push") body["push"] = trace.value;
    if (trace.kind === "increment") body["increment"] = trace.by;
  }
  return body;
}

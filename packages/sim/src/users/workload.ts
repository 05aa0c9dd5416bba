/**
 * Users: each carries one session from node to node, with several requests at once, and knows what was
 * acknowledged to him and what he has seen.
 *
 * A request reads, thinks, and commits on one node; so requests of one user overlap, on one node and
 * on several.
 *
 * Not here: what a request is made of (requests.ts, commits.ts), and how likely anything is
 * (workload-draw.ts).
 */
import type { LocalCommit, Prng, SessionId } from "@session-mesh/core";
import { type ActParts, Acts, NO_INTENTS } from "./acts.js";
import { Jar } from "./jar.js";
import { meshMs, timesOf } from "../checks/lifetimes.js";
import type { Draft } from "./mutations.js";
import type { NodePort } from "./node-port.js";
import type { Miss, Visit } from "./requests.js";
import { hostileSessionId, sessionIdFrom } from "./session-id.js";
import type { WorkloadOptions } from "./workload-draw.js";

interface User {
  /** Who he is; several users may be one person. */
  readonly account: string | undefined;
  session: SessionId | undefined;
  jar: Jar;
  run: NodePort | undefined;
  isLoggingIn: boolean;
  /** When he means to come back, if he waits for something. */
  comesBackMs: number | undefined;
}

const HOSTILE_ID_RATE = 0.05;

/** How close to his session's end a user comes back. */
const BOUNDARY_MS = 300;

/** The users of one run. */
export class Workload {
  readonly #parts: ActParts;
  readonly #options: WorkloadOptions;
  readonly #random: Prng;
  readonly #acts: Acts;
  readonly #users: User[] = [];
  #isRunning = false;

  constructor(parts: ActParts, options: WorkloadOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#random = parts.simulator.fork();
    this.#acts = new Acts(parts, options);
  }

  start(): void {
    this.#isRunning = true;
    const { users, tabs, accounts, tokensMax } = this.#options;
    for (let i = 0; i < users; i++) {
      const account = accounts > 0 ? `account ${i % accounts}` : undefined;
      const nobody = { session: undefined, run: undefined, comesBackMs: undefined };
      const user: User = { account, jar: new Jar(tokensMax), isLoggingIn: false, ...nobody };
      this.#users.push(user);
      for (let tab = 0; tab < tabs; tab++) this.#nextRequest(user);
    }
  }

  /** Lets no more requests begin; those under way end. */
  stop(): void {
    this.#isRunning = false;
  }

  #nextRequest(user: User): void {
    const pauseMs = user.comesBackMs ?? this.#random.range(1, this.#options.pauseMs * 2);
    user.comesBackMs = undefined;
    this.#parts.simulator.after(pauseMs, () => {
      if (!this.#isRunning) return;
      this.#request(user);
      this.#nextRequest(user);
    });
  }

  #request(user: User): void {
    const run = this.#pickRun(user);
    if (!run) return;
    user.run = run;
    const { counts, requests } = this.#parts;
    const { session, jar } = user;
    counts.requests += 1;
    if (session === undefined) {
      this.#login(user, run);
      return;
    }
    requests.open(run, session, jar, (opened) => {
      if (typeof opened === "string") this.#missed(user, run, { session, miss: opened });
      else this.#act(user, opened);
    });
  }

  #pickRun(user: User): NodePort | undefined {
    const serving = this.#parts.cluster.runs().filter((run) => run.isServing);
    if (serving.length === 0) return undefined;
    const stays = user.run !== undefined && serving.includes(user.run);
    if (stays && !this.#random.chance(this.#options.roamRate)) return user.run;
    return this.#random.pick(serving);
  }

  #missed(user: User, run: NodePort, { session, miss }: { session: SessionId; miss: Miss }): void {
    const { counts, ledger, requests } = this.#parts;
    const { jar } = user;
    counts.misses += 1;
    const record = ledger.record(session);
    if (miss !== "unknown") {
      this.#leave(user, session);
      return;
    }
    // A miss that is not certain sets no cookie, so the user tries again with the old one; what he
    // writes meanwhile merges with what lives under it elsewhere.
    const mayWrite = record && !record.isDestroyTried && !record.times.isCollected;
    if (!mayWrite || !this.#random.chance(this.#options.unknownWriteRate)) return;
    counts.unknownWrites += 1;
    const snapshot = run.input((replica) => replica.blank());
    const mutation = this.#acts.mutate(snapshot.value as Draft);
    const { idleMs, absoluteMs } = this.#options;
    const commit = { birth: { idleMs, absoluteMs } };
    const change = { snapshot, read: [], view: undefined, mutation, commit };
    // He was shown nothing, and takes along what he wrote.
    const shown = { run, session, jar, found: { revisions: [] }, lost: [] };
    this.#acts.make(run, record, change, (made) => requests.respond(shown, made.wrote));
  }

  #act(user: User, visit: Visit): void {
    const options = this.#options;
    const draw = this.#random.range(0, 10_000) / 10_000;
    this.#parts.simulator.after(this.#random.range(0, options.thinkMs + 1), () => {
      if (!visit.run.isAlive || visit.run.isPaused) return;
      const acts: readonly (readonly [number, () => void])[] = [
        [options.logoutRate, () => this.#logout(user, visit)],
        [options.regenerateRate, () => this.#regenerate(user, visit)],
        [options.touchRate, () => this.#acts.touch(visit)],
        [options.viewRate, () => this.#acts.view(visit)],
        [options.idleChangeRate, () => this.#acts.changeIdle(visit)],
        [options.draftsRate, () => this.#acts.drafts(visit)],
        [options.burstRate, () => this.#acts.burst(visit)],
        [options.revokeRate, () => this.#revoke(user, visit.run)],
      ];
      const writes = this.#parts.ledger.record(visit.session)?.writes.length ?? 0;
      if (writes > options.retiredAfterWrites) return this.#logout(user, visit);
      let at = 0;
      const act =
        acts.find(([rate]) => draw < (at += rate))?.[1] ?? (() => this.#acts.change(visit));
      act();
      this.#aimAtTheEnd(user, visit);
    });
  }

  /** Lets the user come back when his session is about to end, or has just ended. */
  #aimAtTheEnd(user: User, { run, found }: Visit): void {
    if (!this.#random.chance(this.#options.boundaryRate)) return;
    const leftMs = found.expiresAtMs - meshMs(run);
    const aimMs = leftMs + this.#random.range(-BOUNDARY_MS, BOUNDARY_MS + 1);
    if (aimMs <= 0 || aimMs > 60_000) return;
    this.#parts.counts.boundaries += 1;
    user.comesBackMs = aimMs;
  }

  #login(user: User, run: NodePort): void {
    if (user.isLoggingIn || this.#joins(user)) return;
    user.isLoggingIn = true;
    this.#parts.counts.logins += 1;
    const name = `u${this.#parts.counts.logins}`;
    this.#create(user, run, { name, created: (session) => this.#enter(user, session) });
    // The node may crash before it answers; the user then tries again.
    this.#parts.simulator.after(1_000, () => (user.isLoggingIn = false));
  }

  /** Takes part in the session of another user of the same account, if it so happens. */
  #joins(user: User): boolean {
    const { companionRate } = this.#options;
    if (companionRate === 0 || !this.#random.chance(companionRate)) return false;
    const others = this.#users.filter(({ account, session }) => {
      return session !== undefined && account === user.account;
    });
    if (others.length === 0) return false;
    this.#parts.counts.companions += 1;
    this.#enter(user, this.#random.pick(others).session as SessionId);
    return true;
  }

  #enter(user: User, session: SessionId): void {
    user.isLoggingIn = false;
    user.session = session;
    user.jar = new Jar(this.#options.tokensMax);
  }

  #create(
    user: User,
    run: NodePort,
    { name, created }: { name: string; created: (session: SessionId) => void },
  ): void {
    const { ledger, history, accounts } = this.#parts;
    const { idleMs, absoluteMs, modelRate } = this.#options;
    const idFrom = this.#random.chance(HOSTILE_ID_RATE) ? hostileSessionId : sessionIdFrom;
    const session = idFrom(this.#random);
    history.open(session, this.#random.chance(modelRate));
    const record = ledger.open(session, timesOf(idleMs, absoluteMs));
    const login =
      user.account === undefined ? undefined : accounts.login(run, user.account, session);
    if (login?.isCutOff === true) record.isDestroyTried = true;
    const snapshot = run.input((replica) => replica.blank());
    Object.assign(snapshot.value, { user: name });
    const commit: Omit<LocalCommit, "operations"> = {
      birth: { idleMs, absoluteMs },
      ...(login && { fields: login.fields }),
    };
    const mutation = { traces: [{ kind: "touch" as const }], intents: NO_INTENTS };
    const change = { snapshot, read: [], view: undefined, mutation, commit };
    this.#acts.make(run, record, change, () => created(session));
  }

  #logout(user: User, { run, session }: Visit): void {
    this.#parts.counts.logouts += 1;
    this.#parts.requests.destroy(run, session, { regenerated: false });
    this.#leave(user, session);
  }

  #regenerate(user: User, { run, session, found }: Visit): void {
    this.#parts.counts.regenerations += 1;
    const name = String(found.value["user"] ?? "");
    this.#create(user, run, {
      name,
      created: (fresh) => {
        if (user.session === session) this.#enter(user, fresh);
      },
    });
    this.#parts.requests.destroy(run, session, { regenerated: true });
  }

  /** Logs a person out everywhere. */
  #revoke(user: User, run: NodePort): void {
    const { account } = user;
    if (account === undefined) return;
    this.#parts.counts.revokes += 1;
    this.#parts.accounts.revoke(run, account);
  }

  #leave(user: User, session: SessionId): void {
    if (user.session === session) user.session = undefined;
  }
}

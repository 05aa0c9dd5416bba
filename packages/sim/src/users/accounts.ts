/**
 * Logging out everywhere (P13), with the calls of core that the shell makes for it: whose a session is
 * and since when stands in a field of its envelope, a user's cutoff in the field of a session of its
 * own, as a maximum; and each node destroys what it holds of a user since before a cutoff, whichever
 * of the two comes first.
 *
 * The shell's own index (session-mesh's users.ts) is not under test here: it needs `node:crypto`. What
 * is under test is that core keeps, joins, spreads and repairs such fields, and lets a cutoff be written
 * at every limit.
 *
 * Not here: when users revoke (workload.ts).
 */
import type { Millis, SessionId, ShellFields } from "@session-mesh/core";
import type { ClusterPort, Course, NodePort } from "./node-port.js";
import type { Ledger } from "../checks/ledger.js";
import { sessionIdOf } from "./session-id.js";

/** A user of several sessions. */
export type AccountName = string;

/** A cutoff whose acknowledgement reached its user. */
interface AckedCutoff {
  readonly account: AccountName;
  readonly atMs: Millis;
  readonly holders: ReadonlySet<NodePort>;
}

interface Login {
  readonly account: AccountName;
  readonly sinceMs: Millis;
}

/** What one process knows. */
interface Index {
  readonly logins: Map<SessionId, Login>;
  readonly cutoffs: Map<AccountName, Millis>;
  /** Sessions of which something was heard since it was last looked. */
  news: SessionId[];
}

/** A cutoff is kept for longer than any session of the simulation lives. */
const CUTOFF_LIFE_MS: Millis = 90 * 86_400_000;

/** The accounts of one run. */
export class Accounts {
  readonly #simulator: Course;
  readonly #ledger: Ledger;
  readonly #indexes = new Map<NodePort, Index>();
  /** What really happened, which no node knows all of. */
  readonly #logins = new Map<SessionId, Login>();
  readonly #cutoffs = new Map<AccountName, Millis>();
  readonly #acked: AckedCutoff[] = [];

  constructor(simulator: Course, parts: { cluster: ClusterPort; ledger: Ledger }) {
    this.#simulator = simulator;
    this.#ledger = parts.ledger;
    const { cluster } = parts;
    cluster.onRestore((run) => {
      for (const session of run.replica.held()) this.#heard(run, session);
    });
    cluster.onEvent((run, event) => {
      if (event.type === "session-committed" || event.type === "session-integrated") {
        this.#heard(run, event.session);
      } else if (event.type === "session-destroyed" || event.type === "session-collected") {
        this.#indexOf(run).logins.delete(event.session);
      }
    });
  }

  /** The fields of a commit that logs a user in now, and whether he was logged out since. */
  login(
    run: NodePort,
    account: AccountName,
    session: SessionId,
  ): { fields: ShellFields; isCutOff: boolean } {
    const cutoffMs = this.#indexOf(run).cutoffs.get(account) ?? -1;
    const sinceMs = Math.max(run.wallMs(), cutoffMs + 1);
    this.#logins.set(session, { account, sinceMs });
    const isCutOff = sinceMs <= (this.#cutoffs.get(account) ?? -1);
    return { fields: new Map([["user", { join: "last", value: [account, sinceMs] }]]), isCutOff };
  }

  /** Ends everything that the user began until now. */
  revoke(run: NodePort, account: AccountName): void {
    const index = this.#indexOf(run);
    const atMs = Math.max(run.wallMs(), index.cutoffs.get(account) ?? 0);
    this.#raise(account, atMs);
    index.cutoffs.set(account, atMs);
    this.#endAll(run, index, { account, atMs: Number.POSITIVE_INFINITY });
    const fields: ShellFields = new Map([
      ["cutoff-of", { join: "last", value: account }],
      ["cutoff", { join: "max", value: atMs }],
    ]);
    const birth = { idleMs: CUTOFF_LIFE_MS, absoluteMs: CUTOFF_LIFE_MS };
    const change = { operations: [], fields, birth, isVital: true };
    const holder = sessionIdOf(`the cutoff of ${account}`);
    const result = run.input((replica) => replica.commit(holder, change));
    if (result.status !== "committed") {
      this.#fail(run, `a cutoff of ${account} was not taken: ${result.status}`);
    }
    const { seq } = result;
    const ticket = run.ticket(() => {
      this.#acked.push({ account, atMs, holders: this.#ledger.holders({ origin: run, seq }) });
    });
    run.input((replica) => replica.awaitAcks(ticket, { seq, acks: "all" }));
  }

  /** A node shows a session. */
  read(run: NodePort, session: SessionId): void {
    const { logins, cutoffs } = this.#indexOf(run);
    const login = logins.get(session);
    // What was written on a node that could not know the session says nothing of its user.
    if (!login) return;
    const cutoffMs = cutoffs.get(login.account) ?? -1;
    if (login.sinceMs > cutoffMs) return;
    this.#fail(run, `${session} of ${login.account} is readable after its cutoff`);
  }

  /** Looks at what arrived; before anybody reads. */
  settle(run: NodePort): void {
    const index = this.#indexOf(run);
    while (index.news.length > 0 && run.isAlive) {
      const { news } = index;
      index.news = [];
      for (const session of news) this.#note(run, index, session);
    }
  }

  /** After heal and quiet: every node knows the latest cutoff that is owed, and shows nothing before it. */
  everything(run: NodePort): void {
    this.settle(run);
    const { cutoffs } = this.#indexOf(run);
    for (const { account, atMs, holders } of this.#acked) {
      const isOwed = [...holders].some((holder) => holder.isAlive);
      if (isOwed && (cutoffs.get(account) ?? -1) < atMs) {
        this.#fail(run, `the cutoff ${atMs} of ${account} is not known`);
      }
    }
    for (const session of this.#logins.keys()) {
      const { status } = run.input((replica) => replica.read(session));
      if (status === "found") this.read(run, session);
    }
  }

  #heard(run: NodePort, session: SessionId): void {
    const index = this.#indexOf(run);
    index.news.push(session);
    if (index.news.length === 1) this.#simulator.after(0, () => this.settle(run));
  }

  #note(run: NodePort, index: Index, session: SessionId): void {
    const fields = run.input((replica) => replica.describe(session))?.fields;
    if (!fields || fields.size === 0) return;
    const user = fields.get("user")?.value;
    if (Array.isArray(user)) {
      const [account, sinceMs] = user as [AccountName, Millis];
      index.logins.set(session, { account, sinceMs });
      if (sinceMs <= (index.cutoffs.get(account) ?? -1)) {
        run.input((replica) => replica.destroy(session));
      }
    }
    const atMs = fields.get("cutoff")?.value;
    if (typeof atMs === "number") this.#cut(run, index, { fields, atMs });
  }

  #cut(run: NodePort, index: Index, { fields, atMs }: { fields: ShellFields; atMs: Millis }): void {
    const account = fields.get("cutoff-of")?.value as AccountName;
    if (atMs <= (index.cutoffs.get(account) ?? -1)) return;
    index.cutoffs.set(account, atMs);
    this.#endAll(run, index, { account, atMs });
  }

  #endAll(run: NodePort, index: Index, cutoff: { account: AccountName; atMs: Millis }): void {
    for (const [session, { account, sinceMs }] of [...index.logins]) {
      if (account !== cutoff.account || sinceMs > cutoff.atMs) continue;
      const record = this.#ledger.record(session);
      if (record) record.isDestroyTried = true;
      run.input((replica) => replica.destroy(session));
    }
  }

  /** Everything that began until then may be destroyed from now on, wherever it is. */
  #raise(account: AccountName, atMs: Millis): void {
    this.#cutoffs.set(account, Math.max(atMs, this.#cutoffs.get(account) ?? -1));
    for (const [session, login] of this.#logins) {
      const record = this.#ledger.record(session);
      if (login.account === account && login.sinceMs <= atMs && record)
        record.isDestroyTried = true;
    }
  }

  #indexOf(run: NodePort): Index {
    const index = this.#indexes.get(run) ?? { logins: new Map(), cutoffs: new Map(), news: [] };
    this.#indexes.set(run, index);
    return index;
  }

  #fail(run: NodePort, detail: string): never {
    return this.#simulator.fail("P13", `on ${run.machine}: ${detail}`);
  }
}

/**
 * The users of a run, and everything that watches over what they were promised, put together.
 *
 * Not here: any promise; each checker holds its own.
 */
import type { Prng } from "@session-mesh/core";
import { Accounts } from "../users/accounts.js";
import { AckChecker } from "./ack-checker.js";
import { Bounds } from "./bounds.js";
import { Checkers } from "./checkers.js";
import { Commits } from "../users/commits.js";
import { Copies } from "./copies.js";
import { Deadlines } from "./deadlines.js";
import { Handovers } from "./handovers.js";
import { History } from "./history.js";
import { LawChecker } from "./law-checker.js";
import { Ledger } from "./ledger.js";
import { Lifetimes } from "./lifetimes.js";
import type { Network } from "../world/network.js";
import { Requests } from "../users/requests.js";
import type { ClusterPort, Course } from "../users/node-port.js";
import { TokenChecker } from "./token-checker.js";
import { Traffic } from "./traffic.js";
import { noCounts, type WorkloadCounts } from "../users/workload-counts.js";
import type { WorkloadOptions } from "../users/workload-draw.js";
import { Workload } from "../users/workload.js";

/** How likely all copies are looked at in any second, where a seed does so at all. */
const INSPECTION_RATE = 0.1;

/** Users and checkers. */
export class Oversight {
  readonly ledger: Ledger = new Ledger();
  readonly counts: WorkloadCounts = noCounts();
  readonly workload: Workload;
  readonly commits: Commits;
  readonly #cluster: ClusterPort;
  readonly #history = new History();
  readonly #lifetimes: Lifetimes;
  readonly #checkers: Checkers;
  readonly #laws: LawChecker;
  readonly #tokens: TokenChecker;
  readonly #acks: AckChecker;
  readonly #accounts: Accounts;
  readonly #bounds: Bounds;
  readonly #deadlines: Deadlines;
  readonly #copies: Copies;
  readonly #handovers: Handovers | undefined;
  readonly #traffic: Traffic;
  readonly #random: Prng;
  readonly #inspectionRate: number;

  constructor(
    simulator: Course,
    { cluster, network }: { cluster: ClusterPort; network?: Network },
    options: WorkloadOptions,
  ) {
    this.#cluster = cluster;
    const { ledger, counts } = this;
    this.#lifetimes = new Lifetimes(simulator, cluster);
    const lifetimes = this.#lifetimes;
    this.#checkers = new Checkers(simulator, { cluster, ledger, lifetimes });
    this.#laws = new LawChecker(simulator, this.#history);
    this.#tokens = new TokenChecker(simulator);
    this.#acks = new AckChecker(simulator, ledger, { areMembersExact: network !== undefined });
    this.#accounts = new Accounts(simulator, { cluster, ledger });
    this.#bounds = new Bounds(simulator, cluster);
    this.#deadlines = new Deadlines(simulator, cluster);
    this.#copies = new Copies(simulator, cluster);
    // Elsewhere no two nodes can be looked at in one moment.
    this.#handovers = network && new Handovers(simulator, cluster);
    this.#traffic = new Traffic(simulator, cluster);
    const checks = {
      checkers: this.#checkers,
      laws: this.#laws,
      tokens: this.#tokens,
      acks: this.#acks,
      bounds: this.#bounds,
    };
    const shared = { simulator, cluster, ledger, history: this.#history, lifetimes, counts };
    const parts = { ...shared, ...checks, accounts: this.#accounts };
    const requests = new Requests(parts, options.acks);
    this.commits = new Commits(parts);
    this.workload = new Workload({ ...parts, requests, commits: this.commits }, options);
    this.#random = simulator.fork();
    this.#inspectionRate = this.#random.chance(0.3) ? INSPECTION_RATE : 0;
    if (!network) return;
    ledger.watch(network);
    this.#traffic.watch(network);
    this.#bounds.watch(network);
  }

  /** What holds at every moment, looked at every second. */
  moment(): void {
    this.#bounds.moment();
    this.#deadlines.moment();
    if (this.#random.chance(this.#inspectionRate)) this.#copies.inspect();
  }

  /** The cluster was healed just now. */
  healed(): void {
    const isWhole = this.#cluster.names.every((name) => {
      const run = this.#cluster.runOn(name);
      return run !== undefined && !run.isDraining;
    });
    // A deploy that goes on makes a difference of its own.
    if (isWhole) this.#traffic.healed(this.#copies.inspect());
  }

  /** All nodes are equal. */
  converged(): void {
    this.#traffic.converged();
    this.everything();
  }

  /** From now on nothing may travel but signs of life. */
  quiet(): void {
    this.#traffic.quiet();
  }

  /** A while later, with everything at rest. */
  atRest(): void {
    this.everything();
    // A cutoff's session is none of the users': only equal fingerprints say that it is everywhere.
    for (const run of this.#cluster.runs()) this.#accounts.everything(run);
    this.#bounds.queues();
    this.#lifetimes.clocks();
  }

  /** Everything that is promised, on every node. */
  everything(): void {
    this.#checkers.everything();
    this.#copies.inspect();
    for (const run of this.#cluster.runs()) {
      for (const { session } of this.ledger.records()) {
        const result = run.input((replica) => replica.read(session));
        if (result.status === "found") this.#laws.read(run, session, result);
      }
    }
  }

  get readCount(): number {
    return this.#checkers.readCount;
  }

  /** How much was looked at, and what was excused. */
  get checks(): Readonly<Record<string, number>> {
    return {
      modelled: this.#laws.modelCount,
      copies: this.#copies.count,
      handovers: this.#handovers?.count ?? 0,
      acks: this.#acks.count,
      repairs: this.#traffic.repairs,
      ...this.#tokens.counts,
    };
  }
}

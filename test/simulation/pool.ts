/**
 * Threads that run seeds side by side, on as many cores as there are.
 *
 * Not here: what a seed does (packages/sim), and what to make of the reports.
 */
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Override, Report, SwarmOptions } from "@session-mesh/sim";
import type { Bundle } from "./bundle.js";

/** One run. */
export interface Task {
  readonly seed: number;
  readonly override?: Override<SwarmOptions> | undefined;
}

/** What a thread answers. */
type Answer = { readonly report: Report } | { readonly error: string };

/** How long one run may take before it counts as endless; the longest take a few seconds. */
const RUN_MS_MAX = 180_000;

/** The checker of runs that throw or do not end: the fault may be the simulator's own. */
const RUNS = "the run comes to an end";

/** The threads. */
export class Pool implements AsyncDisposable {
  readonly #url: string;
  readonly #runMsMax: number;
  readonly #idle: Worker[];
  readonly #all = new Set<Worker>();
  readonly #waiting: ((worker: Worker) => void)[] = [];

  /** As many threads as cores, unless `threads` says otherwise. */
  constructor({ url }: Pick<Bundle, "url">, options: { threads?: number; runMsMax?: number } = {}) {
    const { threads = availableParallelism(), runMsMax = RUN_MS_MAX } = options;
    this.#url = url;
    this.#runMsMax = runMsMax;
    this.#idle = Array.from({ length: threads }, () => this.#thread());
  }

  /** Runs one seed when a thread is free; what throws or never ends is a failure too. */
  async run(task: Task): Promise<Report> {
    let worker = this.#idle.pop() ?? (await this.#nextIdle());
    let answer: Answer;
    try {
      answer = await this.#ask(worker, task);
    } catch (error) {
      answer = { error: error instanceof Error ? error.message : String(error) };
      this.#all.delete(worker);
      await worker.terminate();
      worker = this.#thread();
    }
    const next = this.#waiting.shift();
    if (next) next(worker);
    else this.#idle.push(worker);
    return "report" in answer ? answer.report : broken(task.seed, answer.error);
  }

  /** Runs seeds until there are none left, or `reported` says that it is enough. */
  async runAll(tasks: Iterable<Task>, reported: (report: Report) => boolean): Promise<void> {
    let isEnough = false;
    const iterator = tasks[Symbol.iterator]();
    const work = async (): Promise<void> => {
      while (!isEnough) {
        const next = iterator.next();
        if (next.done === true) return;
        if (!reported(await this.run(next.value))) isEnough = true;
      }
    };
    await Promise.all([...this.#all].map(work));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  #thread(): Worker {
    const file = new URL("seed-worker.js", import.meta.url);
    const workerData = { url: this.#url };
    const worker = new Worker(file, { workerData, execArgv: ["--enable-source-maps"] });
    this.#all.add(worker);
    return worker;
  }

  #nextIdle(): Promise<Worker> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #ask(worker: Worker, task: Task): Promise<Answer> {
    const over = new AbortController();
    const { signal } = over;
    const late = delay(this.#runMsMax, undefined, { signal, ref: false }).then(() => {
      throw new Error(`it did not within ${this.#runMsMax / 1_000} s`);
    });
    late.catch(() => {
      // Aborted: the answer came in time.
    });
    const answered = once(worker, "message", { signal }) as Promise<[Answer]>;
    worker.postMessage(task);
    try {
      const [answer] = await Promise.race([answered, late]);
      return answer as Answer;
    } finally {
      over.abort();
      answered.catch(() => {
        // Aborted: nobody waits any more.
      });
    }
  }
}

/** The report of a run of which nothing else is known. */
function broken(seed: number, detail: string): Report {
  const failure = { checker: RUNS, detail, atMs: 0 };
  const nothing = { virtualMs: 0, convergenceMs: undefined, hash: "", happenings: 0, nodes: 0 };
  const counts = { faults: {}, network: {}, workload: {}, ledger: {}, events: {} };
  return { seed, failure, ...nothing, ...counts } as unknown as Report;
}

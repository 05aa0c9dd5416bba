/**
 * Threads that run seeds side by side, on as many cores as there are.
 *
 * Not here: what a seed does (packages/sim), and what to make of the reports.
 */
import { availableParallelism } from "node:os";
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

/** The threads. */
export class Pool implements AsyncDisposable {
  readonly #workers: Worker[];
  readonly #idle: Worker[];
  readonly #waiting: ((worker: Worker) => void)[] = [];

  /** As many threads as cores, unless `threads` says otherwise. */
  constructor({ url }: Bundle, threads: number = availableParallelism()) {
    const file = new URL("seed-worker.js", import.meta.url);
    this.#workers = Array.from({ length: threads }, () => {
      const worker = new Worker(file, { workerData: { url }, execArgv: ["--enable-source-maps"] });
      // One listener each for as many tasks as there are.
      return worker.setMaxListeners(0);
    });
    this.#idle = [...this.#workers];
  }

  get threadCount(): number {
    return this.#workers.length;
  }

  /** Runs one seed when a thread is free. Rejects where the simulation itself throws. */
  async run(task: Task): Promise<Report> {
    const worker = this.#idle.pop() ?? (await this.#nextIdle());
    try {
      const answer = await ask(worker, task);
      if ("report" in answer) return answer.report;
      throw new Error(`seed ${task.seed} did not come to an end: ${answer.error}`);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(worker);
      else this.#idle.push(worker);
    }
  }

  /** Runs seeds until there are none left, or `reported` says that it is enough. */
  async runAll(tasks: Iterable<Task>, reported: (report: Report) => boolean): Promise<void> {
    let isEnough = false;
    const iterator = tasks[Symbol.iterator]();
    const work = async (): Promise<void> => {
      for (;;) {
        const { done, value } = isEnough ? { done: true, value: undefined } : iterator.next();
        if (done === true || value === undefined) return;
        if (!reported(await this.run(value))) isEnough = true;
      }
    };
    await Promise.all(this.#workers.map(work));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #nextIdle(): Promise<Worker> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

function ask(worker: Worker, task: Task): Promise<Answer> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (answer: Answer) => {
      worker.removeListener("error", reject);
      resolve(answer);
    });
    worker.postMessage(task);
  });
}

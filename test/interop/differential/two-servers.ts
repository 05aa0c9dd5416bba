/**
 * A stream of commands sent to two servers, on as many connections as it names, and the first reply
 * that differs.
 *
 * Both begin empty. Not here: what counts as different (comparison.ts, differences.ts).
 */
import { setTimeout as pause } from "node:timers/promises";
import { type Address, RespConnection } from "../resp-connection.js";
import { encodeFrame, type Frame } from "../resp-frame.js";
import { type CommandStep, encodeStep, printStep, quoted, type Step } from "../transcript.js";
import { isSame } from "./comparison.js";
import { DIFFERENCES, type Difference } from "./differences.js";

/** A real redis-server, and a sidecar. */
export interface TwoServers {
  readonly redis: Address;
  readonly sidecar: Address;
}

/** What came of a stream. */
export interface Outcome {
  /** Undefined where both answered the same to all of it. */
  readonly failure?: Failure;
  readonly commands: number;
  readonly excused: ReadonlyMap<Difference, number>;
}

/** The first difference that nothing excuses. */
export interface Failure {
  /** Index of the step. */
  readonly at: number;
  readonly redis: string;
  readonly sidecar: string;
}

/** Sends all of `steps` to both. */
export async function compare(servers: TwoServers, steps: readonly Step[]): Promise<Outcome> {
  const sides = [new Side(servers.redis), new Side(servers.sidecar)] as const;
  const excused = new Map<Difference, number>();
  let commands = 0;
  try {
    await Promise.all(sides.map((side) => side.empty()));
    for (const batch of batchesOf(steps)) {
      const { at, steps: sent } = batch;
      if (batch.waitMs !== undefined) await pause(batch.waitMs);
      const bytes = bytesOf(sent);
      const [theirs, ours] = await Promise.all(sides.map((side) => side.send(sent, bytes)));
      commands += sent.length;
      for (const [index, step] of sent.entries()) {
        const replies = [theirs?.[index], ours?.[index]] as [Frame, Frame];
        if (isSame(step, ...replies)) continue;
        const known = DIFFERENCES.find(({ excuses }) => excuses(step, ...replies));
        if (known) excused.set(known, (excused.get(known) ?? 0) + 1);
        else return { failure: failureOf(at + index, replies), commands, excused };
      }
    }
    return { commands, excused };
  } finally {
    for (const side of sides) side.close();
  }
}

/** A failing stream as people read it, up to what failed. */
export function printFailure(steps: readonly Step[], failure: Failure): string {
  const lines = steps.slice(0, failure.at + 1).map(printStep);
  return [
    ...lines,
    `# redis    ${quoted(failure.redis)}`,
    `# sidecar  ${quoted(failure.sidecar)}`,
  ].join("\n");
}

function failureOf(at: number, [theirs, ours]: [Frame, Frame]): Failure {
  return { at, redis: encodeFrame(theirs), sidecar: encodeFrame(ours) };
}

interface Batch {
  readonly at: number;
  readonly steps: readonly CommandStep[];
  readonly waitMs?: number;
}

/** Steps that are sent together. */
function batchesOf(steps: readonly Step[]): Batch[] {
  const batches: Batch[] = [];
  for (const [at, step] of steps.entries()) {
    if ("waitMs" in step) {
      batches.push({ at, steps: [], waitMs: step.waitMs });
      continue;
    }
    const last = batches.at(-1);
    const together = step.isPipelined && last?.steps.at(-1)?.connection === step.connection;
    if (together) batches[batches.length - 1] = { ...last, steps: [...last.steps, step] };
    else batches.push({ at, steps: [step] });
  }
  return batches;
}

/** The same bytes for both, absolute times included. */
function bytesOf(steps: readonly CommandStep[]): Buffer {
  const nowMs = Date.now();
  return Buffer.concat(steps.map((step) => encodeStep(step, nowMs)));
}

/** One server, with the connections that a stream has opened to it. */
class Side {
  readonly #address: Address;
  readonly #connections = new Map<string, RespConnection>();

  constructor(address: Address) {
    this.#address = address;
  }

  async empty(): Promise<void> {
    const connection = await RespConnection.open(this.#address);
    await connection.call("FLUSHALL");
    await connection.call("SCRIPT", "FLUSH");
    connection.close();
  }

  async send(steps: readonly CommandStep[], bytes: Buffer): Promise<readonly Frame[]> {
    const [first] = steps;
    if (!first) return [];
    const known = this.#connections.get(first.connection);
    const connection = known ?? (await RespConnection.open(this.#address));
    this.#connections.set(first.connection, connection);
    return connection.send(bytes, steps.length).catch((error: Error) => {
      throw new Error(`${error.message}, after\n${steps.map(printStep).join("\n")}`);
    });
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }
}

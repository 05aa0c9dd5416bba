/**
 * What travels: no frame or chunk is larger than its limit, a converged cluster sends no documents, and
 * what a repair costs is in proportion to the difference that it mends.
 *
 * The bound on a repair, for n nodes, in bytes: `COPIES_MAX` copies of every differing session on
 * each of the n(n − 1) ways, `SESSION_BYTES` for each differing session on each way to find it, and
 * `ROUND_BYTES` for each audit round that has time to happen; and the changes that each node's log
 * keeps, twice to each other node, since who missed them gets them one by one as long as they are kept;
 * so do the changes that requests still under way make after the heal. Signs of life and hearsay about
 * members are not counted.
 *
 * Not here: who holds what (copies.ts).
 */
import { type Bytes, decodeFrame, type Item, type Millis } from "@session-mesh/core";
import type { Difference } from "./copies.js";
import type { Network } from "../world/network.js";
import type { ClusterPort, Course } from "../users/node-port.js";

/** Bytes of copies that may travel for each byte that differs: repaired by several peers at once. */
const COPIES_MAX = 4;

/** What finding one differing session costs: its name, digest and envelope, several times over. */
const SESSION_BYTES = 1_000;

/** What an audit round costs that finds nothing: the sums of all partitions. */
const ROUND_BYTES = 8_000;

/** What a change costs beside what it changes in the document: its envelope, and who had written before. */
const CHANGE_BYTES = 300;

/** How often the changes that a log keeps may be sent to one node: a link may break in between. */
const LOG_SENDINGS_MAX = 2;

/** Types of frames that carry sessions. */
const PUSH = 7;
const SYNC = 13;
const PULLED = 16;
const RANGED = 20;
const CARRIERS: ReadonlySet<number | undefined> = new Set([PUSH, SYNC, PULLED, RANGED]);
/** Of these, those of many sessions: cut off where they are large enough. */
const CHUNKS: ReadonlySet<number | undefined> = new Set([PUSH, SYNC, RANGED]);

/**
 * Types of frames by which nodes find and mend differences. Not what a joining node asks for: as long
 * as it holds little, it asks for everything, whatever its disk has brought back.
 */
const REPAIR: ReadonlySet<number | undefined> = new Set([
  ...[PUSH, SYNC, PULLED],
  ...[9, 10, 11, 12, 14, 15],
]);

interface Repair {
  readonly startedAtMs: Millis;
  readonly difference: Difference;
  /** What all logs keep, and what was added to them since. */
  logBytes: number;
  bytes: number;
  /** Of these, by type of frame. */
  readonly byType: Map<number, number>;
}

/** Watches what is sent. */
export class Traffic {
  readonly #simulator: Course;
  readonly #cluster: ClusterPort;
  #repair: Repair | undefined;
  #isQuiet = false;
  #repairs = 0;
  readonly #frameBytesMax: Bytes;
  /** Smaller frames are no chunk that is too large. */
  readonly #chunkBytesMin: Bytes;

  constructor(simulator: Course, cluster: ClusterPort) {
    this.#simulator = simulator;
    this.#cluster = cluster;
    const { frameBytesMax, ...limits } = cluster.limits;
    this.#frameBytesMax = frameBytesMax;
    this.#chunkBytesMin = Math.min(
      limits.pushBatchBytesMax,
      limits.syncChunkBytesMax,
      limits.rangeChunkBytesMax,
    );
    cluster.onEvent((_run, event) => {
      const bytes = event.type === "session-committed" ? event.deltaBytes : undefined;
      const isChange = bytes !== undefined || event.type === "session-touched";
      if (this.#repair && isChange) this.#repair.logBytes += CHANGE_BYTES + (bytes ?? 0);
    });
  }

  /** How many repairs were measured. */
  get repairs(): number {
    return this.#repairs;
  }

  /** Watches every frame that is sent. */
  watch(network: Network): void {
    const before = network.onSend;
    network.onSend = (from, to, frame) => {
      before?.(from, to, frame);
      this.#sent(from.machine, frame);
    };
  }

  /** The cluster has healed, and differs so far. */
  healed(difference: Difference): void {
    const logBytes = this.#cluster.runs().reduce((sum, run) => {
      return sum + run.replica.status().logFill.bytes * run.config.limits.changeLogBytesMax;
    }, 0);
    this.#repair = {
      startedAtMs: this.#simulator.nowMs,
      difference,
      logBytes,
      bytes: 0,
      byType: new Map(),
    };
  }

  /** All nodes are equal. */
  converged(): void {
    if (!this.#repair) return;
    const { bytes, difference, byType } = this.#repair;
    const max = this.#bytesMax(this.#repair);
    this.#repair = undefined;
    this.#repairs += 1;
    if (bytes <= max) return;
    const { sessions, bytes: differing } = difference;
    const types = [...byType].map(([type, sum]) => `${sum} of type ${type}`).join(", ");
    const detail = `${bytes} bytes, above ${max}, for ${sessions} sessions of ${differing} bytes: ${types}`;
    this.#simulator.fail("repair in proportion", detail);
  }

  /** From now on no document may travel. */
  quiet(): void {
    this.#isQuiet = true;
  }

  #bytesMax({ startedAtMs, logBytes, difference: { sessions, bytes } }: Repair): number {
    const tookMs = this.#simulator.nowMs - startedAtMs;
    const nodes = this.#cluster.names.length;
    const ways = nodes * (nodes - 1);
    const rounds = 2 + tookMs / this.#cluster.limits.auditIntervalMs;
    const perWay = COPIES_MAX * bytes + SESSION_BYTES * sessions;
    const perLog = LOG_SENDINGS_MAX * logBytes * (nodes - 1);
    return Math.ceil(ways * perWay + perLog + ways * rounds * ROUND_BYTES);
  }

  #sent(from: string, frame: Uint8Array): void {
    if (frame.length > this.#frameBytesMax) {
      const detail = `${from} sends ${frame.length} bytes, above ${this.#frameBytesMax}`;
      this.#simulator.fail("frames", detail);
    }
    if (CHUNKS.has(frame[1]) && frame.length > this.#chunkBytesMin) this.#checkChunk(from, frame);
    if (this.#repair && REPAIR.has(frame[1])) {
      const { byType } = this.#repair;
      const type = frame[1] ?? 0;
      this.#repair.bytes += frame.length;
      byType.set(type, (byType.get(type) ?? 0) + frame.length);
    }
    if (this.#isQuiet && CARRIERS.has(frame[1])) this.#checkQuiet(from, frame);
  }

  /** A chunk that was large enough without its last item should have gone without it. */
  #checkChunk(from: string, frame: Uint8Array): void {
    const message = decodeFrame(frame);
    if (message.type !== "push" && message.type !== "sync" && message.type !== "ranged") return;
    const { pushBatchBytesMax, syncChunkBytesMax, rangeChunkBytesMax } = this.#cluster.limits;
    const { items } = message;
    const isOfChanges = items.some(({ kind }) => kind === "delta");
    const pushBytesMax = isOfChanges
      ? pushBatchBytesMax
      : Math.max(pushBatchBytesMax, syncChunkBytesMax);
    const max = { push: pushBytesMax, sync: syncChunkBytesMax, ranged: rangeChunkBytesMax };
    const bytes = items.slice(0, -1).reduce((sum, item) => sum + updateBytes(item), 0);
    if (bytes < max[message.type]) return;
    const detail = `${from} sends a ${message.type} of ${items.length} items`;
    this.#simulator.fail(
      "frames",
      `${detail}, ${bytes} bytes without the last, above ${max[message.type]}`,
    );
  }

  #checkQuiet(from: string, frame: Uint8Array): void {
    const message = decodeFrame(frame);
    const items =
      message.type === "pulled"
        ? [message.item]
        : message.type === "push" || message.type === "sync" || message.type === "ranged"
          ? message.items
          : [];
    const item = items.find((each) => each !== undefined && each.kind !== "tombstone");
    if (item) this.#simulator.fail("quiet", `${from} sends ${item.session} by ${message.type}`);
  }
}

function updateBytes(item: Item): Bytes {
  const update = item.kind === "delta" ? item.commit?.update : undefined;
  return (item.kind === "state" ? item.update : update)?.length ?? 0;
}

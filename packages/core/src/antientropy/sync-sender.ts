/**
 * Sends whole sessions to peers that lack them, a window of chunks at a time, and knows when they
 * are confirmed.
 *
 *   A ──sync(n, items)──▶ B
 *   A ◀────synced(n)───── B
 *
 * Only the names of sessions wait in the queue, so a session changed meanwhile is sent as it then is.
 */
import type { Limits } from "../config.js";
import type { Bytes, NodeId, SessionId } from "../ids.js";
import type { WholeItem } from "../session-state.js";
import type { Message } from "../wire/messages.js";

/** How many chunks may be unconfirmed to one peer. */
const CHUNKS_IN_FLIGHT_MAX = 4;

/** About how many bytes an item takes beside its update. */
const ITEM_OVERHEAD_BYTES = 110;

/** What sending needs. */
export interface SyncPort {
  readonly limits: Limits;
  send(peer: NodeId, message: Message): void;
  wholeItem(session: SessionId): WholeItem | undefined;
  /** Everything queued for `peer` is confirmed. */
  drained(peer: NodeId): void;
}

interface Lane {
  readonly queue: Set<SessionId>;
  readonly inFlight: Set<number>;
}

/** The sender, a lane for each peer. */
export class SyncSender {
  readonly #port: SyncPort;
  readonly #lanes = new Map<NodeId, Lane>();
  #requests = 0;
  #sentBytes: Bytes = 0;

  constructor(port: SyncPort) {
    this.#port = port;
  }

  /** Bytes sent since the start, about. */
  get sentBytes(): Bytes {
    return this.#sentBytes;
  }

  /** Whether nothing is queued or unconfirmed for `peer`. */
  isIdle(peer: NodeId): boolean {
    return !this.#lanes.has(peer);
  }

  /** Queues sessions for `peer`. */
  enqueue(peer: NodeId, sessions: Iterable<SessionId>): void {
    const lane = this.#lanes.get(peer) ?? { queue: new Set(), inFlight: new Set() };
    for (const session of sessions) lane.queue.add(session);
    if (lane.queue.size > 0) this.#lanes.set(peer, lane);
    this.#send(peer, lane);
  }

  onSynced(peer: NodeId, request: number): void {
    const lane = this.#lanes.get(peer);
    if (!lane?.inFlight.delete(request)) return;
    this.#send(peer, lane);
  }

  peerDown(peer: NodeId): void {
    this.#lanes.delete(peer);
  }

  #send(peer: NodeId, lane: Lane): void {
    while (lane.queue.size > 0 && lane.inFlight.size < CHUNKS_IN_FLIGHT_MAX) {
      const items = this.#nextChunk(lane);
      if (items.length === 0) break;
      this.#requests += 1;
      lane.inFlight.add(this.#requests);
      this.#port.send(peer, { type: "sync", request: this.#requests, items });
    }
    if (lane.queue.size > 0 || lane.inFlight.size > 0) return;
    if (this.#lanes.delete(peer)) this.#port.drained(peer);
  }

  #nextChunk(lane: Lane): WholeItem[] {
    const items: WholeItem[] = [];
    let bytes = 0;
    for (const session of lane.queue) {
      if (bytes >= this.#port.limits.syncChunkBytesMax) break;
      lane.queue.delete(session);
      const item = this.#port.wholeItem(session);
      if (!item) continue;
      items.push(item);
      bytes += sizeOf(item);
    }
    this.#sentBytes += bytes;
    return items;
  }
}

/** About how many bytes an item takes in a frame. */
export function sizeOf(item: WholeItem): Bytes {
  return ITEM_OVERHEAD_BYTES + (item.kind === "state" ? item.update.length : 0);
}

/**
 * Giving a joining node what it asks for, a chunk for each request. Nothing is remembered between
 * two requests, so nothing that is asked can grow this node, and any other can go on with the rest.
 *
 *   B ──range(partitions, after)──▶ A
 *   B ◀─ranged(last, items)──────── A    in order: by partition, then by session
 *
 * What comes into a partition behind the place that is reached is not in any chunk: whoever made it
 * pushes it to B as to everyone.
 *
 * Not here: asking (bulk-join.ts).
 */
import type { Limits } from "../config.js";
import type { NodeId, SessionId } from "../ids.js";
import type { WholeItem } from "../session-state.js";
import type { Message, RangeMessage } from "../wire/messages.js";
import { sizeOf } from "./sync-sender.js";

/** What giving needs of its replica. */
export interface RangeDonorPort {
  readonly limits: Limits;
  send(peer: NodeId, message: Message): void;
  elementsOf(partition: number): Iterable<{ readonly session: SessionId }>;
  wholeItem(session: SessionId): WholeItem | undefined;
  /** This node lacks much itself: what it gave would be taken for the whole. */
  isJoining(): boolean;
}

/** The giving half of a join. */
export class RangeDonor {
  readonly #port: RangeDonorPort;

  constructor(port: RangeDonorPort) {
    this.#port = port;
  }

  onRange(peer: NodeId, range: RangeMessage): void {
    const isGiven = !this.#port.isJoining();
    const chunk = isGiven ? this.#chunkOf(range) : { last: undefined, items: [] };
    this.#port.send(peer, { type: "ranged", request: range.request, isGiven, ...chunk });
  }

  #chunkOf(range: RangeMessage): { last: SessionId | undefined; items: WholeItem[] } {
    const { rangeChunkBytesMax } = this.#port.limits;
    const items: WholeItem[] = [];
    let bytes = 0;
    let last: SessionId | undefined;
    for (const session of this.#sessionsOf(range)) {
      if (bytes >= rangeChunkBytesMax) return { last, items };
      const item = this.#port.wholeItem(session);
      if (!item) continue;
      items.push(item);
      bytes += sizeOf(item);
      last = session;
    }
    return { last: undefined, items };
  }

  *#sessionsOf({ fromInclusive, toExclusive, after }: RangeMessage): Iterable<SessionId> {
    for (let partition = fromInclusive; partition < toExclusive; partition++) {
      const sessions = Array.from(this.#port.elementsOf(partition), ({ session }) => session);
      const isPart = partition === fromInclusive && after !== undefined;
      yield* (isPart ? sessions.filter((session) => session > after) : sessions).sort();
    }
  }
}

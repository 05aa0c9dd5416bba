/**
 * What the machines must hear when a peer comes, goes, or is another process than before.
 *
 * Not here: when that is so (membership).
 */
import type { Parts } from "./parts.js";
import type { NodeId, WriterId } from "./ids.js";
import { DIGEST_VERSION } from "./session/fingerprint.js";
import type { HelloMessage } from "./wire/messages.js";

/** How many peers are audited when another one is lost. */
const AUDITS_AFTER_LOSS = 2;

/** Tells the machines of one replica. */
export class PeerChanges {
  readonly #self: NodeId;
  readonly #parts: Parts;
  readonly #digestVersions = new Map<NodeId, number>();
  readonly #writers = new Map<NodeId, WriterId>();

  constructor(self: NodeId, parts: Parts) {
    this.#self = self;
    this.#parts = parts;
  }

  /** The version of a linked peer's digests. */
  digestVersionOf(peer: NodeId): number | undefined {
    return this.#digestVersions.get(peer);
  }

  /** A link to `peer` is up, or a better one replaced it. */
  up(peer: NodeId, { member, digestVersion }: HelloMessage): void {
    const { puller, auditor, pusher, audits, bulkJoin, freshness, sharing } = this.#parts;
    this.#digestVersions.set(peer, digestVersion);
    if (this.#writers.get(peer) !== member.writer) this.#processReplaced(peer);
    this.#writers.set(peer, member.writer);
    freshness.peerUp(() => {
      // What was asked on a link that this one replaces will not be answered.
      puller.peerDown(peer);
      auditor.peerDown(peer);
      pusher.peerUp(peer, member.writer);
      puller.peerUp(peer);
      sharing.linked(peer);
    });
    bulkJoin.peerUp(peer);
    // One round repairs both sides, so one of the two begins it. Unless nothing can be compared: then
    // each sends what it has, and who comes empty has nothing to send.
    if (this.#self < peer || digestVersion !== DIGEST_VERSION) audits.add(peer, { thorough: true });
  }

  /** There is no link to `peer` any more. */
  down(peer: NodeId): void {
    const { puller, auditor, pusher, drain, audits, bulkJoin, sharing } = this.#parts;
    this.#digestVersions.delete(peer);
    sharing.unlinked(peer);
    pusher.peerDown(peer);
    auditor.peerDown(peer);
    puller.peerDown(peer);
    bulkJoin.peerDown(peer);
    drain.peerDown(peer);
    audits.addSome(AUDITS_AFTER_LOSS);
  }

  /** The member is forgotten. */
  forget(peer: NodeId): void {
    this.#forgetWriter(peer);
    this.#writers.delete(peer);
    this.#parts.retention.forget(peer);
  }

  /** It comes empty: nothing that was seen of its forerunner holds any more. */
  #processReplaced(peer: NodeId): void {
    this.#forgetWriter(peer);
    this.#parts.retention.forget(peer);
    this.#parts.drain.peerDown(peer);
  }

  #forgetWriter(peer: NodeId): void {
    const former = this.#writers.get(peer);
    if (former !== undefined) this.#parts.sharing.replaced(peer, former);
  }
}

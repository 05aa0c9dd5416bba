/**
 * Brings each message of a peer to the machine that it is for.
 *
 * Not here: bytes (wire/validate.ts), and messages on links that are no peer's yet (replica.ts).
 */
import type { LinkId, NodeId } from "./ids.js";
import type { Parts } from "./parts.js";
import type { Message } from "./wire/messages.js";

/** Who sent a message, and on which link. */
export interface Sender {
  readonly peer: NodeId;
  readonly link: LinkId;
}

/** Hands a message over. */
export function dispatch(parts: Parts, from: Sender, message: Message): void {
  const { peer, link } = from;
  switch (message.type) {
    case "members":
      return parts.membership.onMembers(peer, message.members);
    case "probe":
      return parts.membership.suspicion.onProbe(link, message);
    case "probe-result":
      return parts.membership.suspicion.onProbeResult(message);
    case "leave":
      return parts.membership.onLeave(peer);
    case "heartbeat":
      parts.membership.onHeartbeat(peer, message.wallMs);
      return parts.pusher.onAck(peer, message.haveSeq);
    case "resume":
      return parts.pusher.onResume(peer, message.haveSeq);
    case "push":
      return parts.pusher.onPush(peer, message);
    case "ack":
      return parts.pusher.onAck(peer, message.seq);
    case "integrated":
      return parts.pusher.onIntegrated(peer, message.seq);
    case "audit":
      return parts.bulkJoin.onAudit(peer, message);
    case "partitions":
      return parts.auditor.onPartitions(peer, message);
    case "list":
      return parts.auditor.onList(peer, message);
    case "listed":
      return parts.auditor.onListed(peer, message);
    case "sync":
      return parts.auditor.onSync(peer, message.request, message.items);
    case "synced":
      return parts.auditor.onSynced(peer, message.request);
    case "pull":
      return parts.puller.onPull(peer, message.request, message.session);
    case "pulled":
      return parts.puller.onPulled(peer, message);
    case "range":
      return parts.rangeDonor.onRange(peer, message);
    case "ranged":
      return parts.bulkJoin.onRanged(peer, message);
    case "hello":
    case "refuse":
      return undefined;
  }
}

/**
 * The machines of one replica, as those see them that know more than one.
 *
 * Not here: how they are put together (assemble.ts).
 */
import type { AuditQueue } from "./antientropy/audit-queue.js";
import type { BulkJoin } from "./antientropy/bulk-join.js";
import type { Freshness } from "./antientropy/freshness.js";
import type { Auditor } from "./antientropy/auditor.js";
import type { PartitionSums } from "./antientropy/partition-sums.js";
import type { Puller } from "./antientropy/puller.js";
import type { RangeDonor } from "./antientropy/range-donor.js";
import type { Drain } from "./drain.js";
import type { Acks } from "./gossip/acks.js";
import type { Pusher } from "./gossip/pusher.js";
import type { LinkId } from "./ids.js";
import type { LocalSessions } from "./local-sessions.js";
import type { Membership } from "./membership/membership.js";
import type { Refusals } from "./membership/refusals.js";
import type { Retention } from "./retention.js";
import type { Persister } from "./storage/persister.js";
import type { Storage } from "./storage/storage.js";
import type { Sharing } from "./sharing.js";
import type { SessionTable } from "./session/table.js";
import type { Message } from "./wire/messages.js";

/** The machines of one replica, and the few things that concern several of them. */
export interface Parts {
  readonly table: SessionTable;
  readonly sums: PartitionSums;
  readonly membership: Membership;
  readonly refusals: Refusals;
  readonly pusher: Pusher;
  readonly acks: Acks;
  readonly auditor: Auditor;
  readonly audits: AuditQueue;
  readonly bulkJoin: BulkJoin;
  readonly rangeDonor: RangeDonor;
  readonly puller: Puller;
  readonly freshness: Freshness;
  readonly sharing: Sharing;
  readonly drain: Drain;
  readonly local: LocalSessions;
  readonly retention: Retention;
  readonly persister: Persister;
  readonly storage: Storage;
  sendOn(link: LinkId, message: Message): void;
}

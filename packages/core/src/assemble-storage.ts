/**
 * Puts together what stores sessions and takes them back. Beside assemble.ts, for the same reason.
 */
import type { ReplicaConfig } from "./config.js";
import type { Hlc } from "./hlc.js";
import type { Parts } from "./parts.js";
import type { Runtime } from "./runtime.js";
import type { WholeItem } from "./session-state.js";
import type { ApplyVerdict } from "./session/held.js";
import { Persister } from "./storage/persister.js";
import { Storage } from "./storage/storage.js";
import { decodeRecord, encodeRecord, type RecordKey } from "./wire/record.js";

/** Decides what goes to the disk next. */
export function createPersister(config: ReplicaConfig, runtime: Runtime, parts: Parts): Persister {
  return new Persister({
    limits: config.limits,
    durability: config.durability ?? "none",
    elapsedMs: () => runtime.elapsedMs(),
    schedule: (delayMs) => runtime.schedule({ kind: "persist" }, delayMs),
    emit: (event) => runtime.emit(event),
    persist: (batch) => runtime.persist(batch),
    recordOf: (session) => {
      const item = parts.table.toItem(session);
      return item && encodeRecord(item, config.digestKey);
    },
    advanced: () => {
      parts.storage.advanced();
      parts.pusher.reviewConfirmations();
      parts.acks.stored();
    },
    failed: () => parts.storage.failed(),
  });
}

/** What storing takes of the assembly. */
export interface StorageAssembly {
  readonly key: RecordKey;
  readonly runtime: Runtime;
  sawClock(hlc: Hlc): void;
}

/** Takes back what was stored, and says what is. */
export function createStorage(parts: Parts, { key, runtime, sawClock }: StorageAssembly): Storage {
  return new Storage({
    persister: parts.persister,
    decode: ({ session, bytes }) => decodeRecord(bytes, { session, key }),
    take: (item) => takeBack(parts, item),
    sawClock,
    settle: (ticket, outcome) => runtime.settle(ticket, outcome),
    emit: (event) => runtime.emit(event),
  });
}

function takeBack({ table }: Parts, item: WholeItem): ApplyVerdict {
  if (item.kind === "state") return table.mergeState(item).verdict;
  return table.destroy(item.session, item) ? "applied" : "known";
}

/**
 * A map from session to a record of bytes that can also list one partition, so that an audit of one
 * does not walk all. Beside a record it takes its name and six bytes: a Map of a million objects takes
 * two hundred, and time to collect garbage.
 *
 * Each partition is a hash table of addresses, with linear probing; the names stand in the records.
 *
 * Not here: what records say (held-record.ts, tombstones.ts), and their memory (slab.ts).
 */
import { assert } from "../assert.js";
import {
  type Bytes,
  PARTITION_COUNT,
  partitionOf,
  SESSION_ID_LENGTH,
  type SessionId,
} from "../ids.js";
import { type Address, type RecordView, Slab } from "./slab.js";

/** Addresses of one partition; 0 where there is none, else one more than the address. */
interface Partition {
  slots: Uint32Array;
  count: number;
}

const LOAD_MAX = 0.8;
const GROWTH = 1.25;
const SLOTS_MIN = 8;
/** A record that leaves no more than this of its room stays where it is. */
const SPARE_BYTES_MAX = 256;
/** What grew once grows again: this share of it is room for that. */
const ROOM_SHARE = 1 / 4;
const TWO_32 = 2 ** 32;

/** Session → bytes, divided by {@link partitionOf}. */
export class RecordMap {
  readonly #slab = new Slab((from, to) => this.#moved(from, to));
  readonly #partitions: readonly Partition[] = Array.from({ length: PARTITION_COUNT }, () => ({
    slots: NO_SLOTS,
    count: 0,
  }));
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** All memory taken for records. */
  get totalBytes(): Bytes {
    return this.#slab.totalBytes;
  }

  has(session: SessionId): boolean {
    return this.#slotOf(this.#partition(session), session) >= 0;
  }

  /** A session's record, good until the map is next changed; maybe longer than was set. */
  get(session: SessionId): RecordView | undefined {
    const partition = this.#partition(session);
    const slot = this.#slotOf(partition, session);
    return slot < 0 ? undefined : this.#recordAt(addressIn(partition, slot));
  }

  /** Sets a session's record to a copy of `record`. */
  set(session: SessionId, record: Uint8Array): void {
    const partition = this.#partition(session);
    let slot = this.#slotOf(partition, session);
    if (slot >= 0) {
      const address = addressIn(partition, slot);
      const spareBytes = this.#slab.roomOf(address) - SESSION_ID_LENGTH - record.length;
      if (spareBytes >= 0 && spareBytes <= SPARE_BYTES_MAX) {
        const { bytes, fromInclusive } = this.#slab.viewOf(address);
        bytes.set(record, fromInclusive + SESSION_ID_LENGTH);
        return;
      }
      const roomBytes = spareBytes < 0 ? Math.min(SPARE_BYTES_MAX, record.length * ROOM_SHARE) : 0;
      partition.slots[slot] = this.#store(session, record, Math.floor(roomBytes)) + 1;
      this.#slab.free(address);
      return;
    }
    if (partition.count + 1 > partition.slots.length * LOAD_MAX) this.#grow(partition);
    const address = this.#store(session, record, 0);
    slot = vacantSlot(partition, hashOf(session));
    partition.slots[slot] = address + 1;
    partition.count += 1;
    this.#count += 1;
  }

  remove(session: SessionId): void {
    const partition = this.#partition(session);
    const slot = this.#slotOf(partition, session);
    if (slot < 0) return;
    const address = addressIn(partition, slot);
    this.#closeGap(partition, slot);
    partition.count -= 1;
    this.#count -= 1;
    this.#slab.free(address);
  }

  /** Shows every record of one partition to `visit`, which must not change the map. */
  visit(partition: number, visit: (record: RecordView) => void): void {
    for (const slot of this.#partitions[partition]?.slots ?? NO_SLOTS) {
      if (slot > 0) visit(this.#recordAt(slot - 1));
    }
  }

  /** The sessions of one partition. */
  sessionsOf(partition: number): SessionId[] {
    const sessions: SessionId[] = [];
    for (const slot of this.#partitions[partition]?.slots ?? NO_SLOTS) {
      if (slot > 0) sessions.push(this.#sessionAt(slot - 1));
    }
    return sessions;
  }

  /** How many records one partition has. */
  countOf(partition: number): number {
    return this.#partitions[partition]?.count ?? 0;
  }

  #partition(session: SessionId): Partition {
    const partition = this.#partitions[partitionOf(session)];
    assert(partition !== undefined, `${session} is in no partition`);
    return partition;
  }

  #slotOf({ slots }: Partition, session: SessionId): number {
    if (slots.length === 0) return -1;
    for (let slot = firstSlot(slots, hashOf(session)); ; slot = after(slots, slot)) {
      const address = slots[slot] as number;
      if (address === 0) return -1;
      if (this.#isAt(address - 1, session)) return slot;
    }
  }

  #isAt(address: Address, session: SessionId): boolean {
    const { bytes, fromInclusive } = this.#slab.viewOf(address);
    for (let i = SESSION_ID_LENGTH - 1; i >= 0; i--) {
      if (bytes[fromInclusive + i] !== session.charCodeAt(i)) return false;
    }
    return true;
  }

  #sessionAt(address: Address): SessionId {
    const { bytes, fromInclusive } = this.#slab.viewOf(address);
    return nameIn(bytes, fromInclusive);
  }

  #recordAt(address: Address): RecordView {
    const record = this.#slab.viewOf(address);
    return { ...record, fromInclusive: record.fromInclusive + SESSION_ID_LENGTH };
  }

  #store(session: SessionId, record: Uint8Array, roomBytes: Bytes): Address {
    const address = this.#slab.allocate(SESSION_ID_LENGTH + record.length + roomBytes);
    const { bytes, fromInclusive } = this.#slab.viewOf(address);
    for (let i = 0; i < SESSION_ID_LENGTH; i++) bytes[fromInclusive + i] = session.charCodeAt(i);
    bytes.set(record, fromInclusive + SESSION_ID_LENGTH);
    return address;
  }

  #moved(from: Address, to: Address): void {
    const session = this.#sessionAt(to);
    const { slots } = this.#partition(session);
    let slot = firstSlot(slots, hashOf(session));
    while (slots[slot] !== from + 1) {
      assert(slots[slot] !== 0, `the record of ${session} is not where it was`);
      slot = after(slots, slot);
    }
    slots[slot] = to + 1;
  }

  #grow(partition: Partition): void {
    const { slots } = partition;
    partition.slots = new Uint32Array(Math.max(SLOTS_MIN, Math.ceil(slots.length * GROWTH)));
    for (const address of slots) {
      if (address === 0) continue;
      const slot = vacantSlot(partition, hashOf(this.#sessionAt(address - 1)));
      partition.slots[slot] = address;
    }
  }

  /** Empties a slot, and moves those behind it up that would not be found past the gap. */
  #closeGap({ slots }: Partition, from: number): void {
    let gap = from;
    for (let slot = after(slots, gap); slots[slot] !== 0; slot = after(slots, slot)) {
      const first = firstSlot(slots, hashOf(this.#sessionAt((slots[slot] as number) - 1)));
      const fromFirst = (slot - first + slots.length) % slots.length;
      const fromGap = (slot - gap + slots.length) % slots.length;
      if (fromFirst < fromGap) continue;
      slots[gap] = slots[slot] as number;
      gap = slot;
    }
    slots[gap] = 0;
  }
}

/** Whose a record is. */
export function sessionOf({ bytes, fromInclusive }: RecordView): SessionId {
  return nameIn(bytes, fromInclusive - SESSION_ID_LENGTH);
}

const CODES: number[] = [];

function nameIn(bytes: Uint8Array, at: number): SessionId {
  for (let i = 0; i < SESSION_ID_LENGTH; i++) CODES[i] = bytes[at + i] as number;
  return String.fromCharCode.apply(undefined, CODES) as SessionId;
}

const NO_SLOTS = new Uint32Array(0);

function addressIn({ slots }: Partition, slot: number): Address {
  return (slots[slot] as number) - 1;
}

function firstSlot(slots: Uint32Array, hash: number): number {
  return Math.floor((hash / TWO_32) * slots.length);
}

function after(slots: Uint32Array, slot: number): number {
  return slot + 1 === slots.length ? 0 : slot + 1;
}

function vacantSlot({ slots }: Partition, hash: number): number {
  let slot = firstSlot(slots, hash);
  while (slots[slot] !== 0) slot = after(slots, slot);
  return slot;
}

/** All characters count: ids may come from a peer that does not draw them at random. */
function hashOf(session: SessionId): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < SESSION_ID_LENGTH; i++) {
    hash = Math.imul(hash ^ session.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/**
 * Messages to frames: each message is a MessagePack array that begins with its type's number.
 *
 * Fields are positional, `null` where absent; a newer version appends fields, which older ones
 * ignore. Frames to messages is validate.ts, since what arrives is not to be trusted.
 */
import { Packr } from "msgpackr";
import { assert } from "../assert.js";
import type { MemberState } from "../events.js";
import type { Commit, DeltaItem, Envelope, Item } from "../session-state.js";
import type { MemberFact, Message } from "./messages.js";

/** The number of each message type on the wire. Numbers are never reused. */
export const MESSAGE_CODES: Readonly<Record<Message["type"], number>> = {
  hello: 1,
  resume: 2,
  members: 3,
  heartbeat: 4,
  probe: 5,
  "probe-result": 6,
  push: 7,
  ack: 8,
  audit: 9,
  partitions: 10,
  list: 11,
  listed: 12,
  sync: 13,
  synced: 14,
  pull: 15,
  pulled: 16,
  leave: 17,
  refuse: 18,
  range: 19,
  ranged: 20,
  integrated: 21,
};

/** The number of each kind of item on the wire. */
export const ITEM_CODES: Readonly<Record<Item["kind"], number>> = {
  tombstone: 0,
  state: 1,
  delta: 2,
};

/** The order in which member states are numbered on the wire. */
export const MEMBER_STATES: readonly MemberState[] = ["alive", "suspect", "down", "left", "gone"];

type Wire = readonly unknown[];

const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true });

/** The frame of a message. */
export function encodeMessage(message: Message): Uint8Array {
  const frame = packr.pack([MESSAGE_CODES[message.type], ...fieldsOf(message)]);
  assert(frame.length > 0, `message ${message.type} encoded to nothing`);
  return frame;
}

function fieldsOf(message: Message): Wire {
  switch (message.type) {
    case "hello": {
      const { protocolMin, protocolMax, digestVersion, cluster, member, wallMs, hlc } = message;
      const wire = [protocolMin, protocolMax, digestVersion, cluster, memberToWire(member)];
      const sums = message.memberSums ? [message.memberSums] : [];
      return [...wire, wallMs, hlc, ...sums];
    }
    case "resume":
      return [message.haveSeq];
    case "members":
      return [message.members.map(memberToWire)];
    case "heartbeat":
      return [message.wallMs, message.haveSeq];
    case "probe":
      return [message.node];
    case "probe-result":
      return [message.node, message.isReached];
    case "push":
      return [message.fromSeqExclusive, message.toSeqInclusive, message.items.map(itemToWire)];
    case "ack":
    case "integrated":
      return [message.seq];
    case "audit":
      return [message.round, message.a, message.b, message.count];
    case "partitions":
      return [message.round, message.sums];
    case "list":
      return [
        message.round,
        message.partitions,
        message.entries.map(({ session, a, b }) => [session, a, b]),
        message.isThorough,
        message.differing,
      ];
    case "listed":
      return [message.round, message.wanted, message.lacking];
    case "sync":
      return [message.request, message.items.map(itemToWire)];
    case "synced":
      return [message.request];
    case "pull":
      return [message.request, message.session];
    case "pulled":
      return [message.request, message.item ? itemToWire(message.item) : null];
    case "range":
      return [message.request, message.fromInclusive, message.toExclusive, message.after ?? null];
    case "ranged":
      return [
        message.request,
        message.isGiven,
        message.last ?? null,
        message.items.map(itemToWire),
      ];
    case "leave":
      return [];
    case "refuse":
      return [message.code, message.detail];
  }
}

function memberToWire(member: MemberFact): Wire {
  const state = MEMBER_STATES.indexOf(member.state);
  const { node, incarnation, draining, writer, address } = member;
  return [node, incarnation, state, draining, writer, address];
}

/** An item as it stands on the wire, and in records. */
export function itemToWire(item: Item): Wire {
  const code = ITEM_CODES[item.kind];
  switch (item.kind) {
    case "tombstone":
      return [item.session, code, item.absoluteExpiresAtMs, item.regeneratedAtMs];
    case "state":
      return [item.session, code, envelopeToWire(item.envelope), item.hlcMax, item.update];
    case "delta": {
      const commit = item.commit ? commitToWire(item.commit) : null;
      return [item.session, code, envelopeToWire(item.fields), commit];
    }
  }
}

function envelopeToWire(fields: DeltaItem["fields"] & Partial<Pick<Envelope, "revisions">>): Wire {
  const wire = [
    fields.createdAtMs ?? null,
    fields.absoluteExpiresAtMs ?? null,
    fields.idleMs ?? null,
    fields.idleStamp?.hlc ?? null,
    fields.idleStamp?.writer ?? null,
    fields.touchedAtMs ?? null,
    fields.revisions ?? null,
    fields.unknown && fields.unknown.size > 0 ? unknownToWire(fields.unknown) : null,
  ];
  while (wire.length > 0 && wire.at(-1) === null) wire.pop();
  return wire;
}

function unknownToWire(unknown: Envelope["unknown"]): Wire {
  return [...unknown].map(([name, { join, value, stamp }]) => [
    name,
    join,
    value,
    stamp.hlc,
    stamp.writer,
  ]);
}

function commitToWire(commit: Commit): Wire {
  return [commit.author, commit.rev, commit.seen, commit.hlc, commit.update ?? null];
}

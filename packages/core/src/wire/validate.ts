/**
 * Frames to messages: the only place where bytes from the network become a {@link Message}. After
 * it no code checks a message's shape again.
 *
 * Not here: what a message means, and whether its sender may say it.
 */
import { Unpackr } from "msgpackr";
import type { RefusalCode } from "../events.js";
import { PARTITION_COUNT } from "../ids.js";
import { MEMBER_STATES, MESSAGE_CODES } from "./codec.js";
import {
  array,
  count,
  counts,
  hlc,
  isCount,
  isPresent,
  Malformed,
  node,
  session,
  text,
  time,
  writer,
} from "./fields.js";
import type { DigestEntry, MemberFact, Message } from "./messages.js";
import { isWellFormed } from "./scan.js";
import { item, items, wholeItems } from "./validate-items.js";

/** Why a frame is no message. `unknown`: a type of a newer version, to be ignored. */
export interface DecodeError {
  readonly type: "decode-error";
  readonly reason: string;
  /** The number of a message type that this version does not know. */
  readonly unknownType: number | undefined;
}

// Bytes are copied, or a few of them would keep their whole frame alive.
const unpackr = new Unpackr({ useRecords: false, copyBuffers: true });

/** Decodes a frame; never throws. */
export function decodeFrame(frame: Uint8Array): Message | DecodeError {
  if (!isWellFormed(frame)) return failure("not one well-formed MessagePack value");
  try {
    // A plain view: a Buffer would make its copies Buffers too.
    const bytes = new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength);
    const wire = array(unpackr.unpack(bytes), "message");
    const [code] = wire;
    const decode = typeof code === "number" ? DECODERS.get(code) : undefined;
    if (decode) return decode(wire);
    if (!isCount(code)) return failure("a message must begin with its type's number");
    return { type: "decode-error", reason: `unknown message type ${code}`, unknownType: code };
  } catch (error) {
    return failure(error instanceof Error ? error.message : "undecodable");
  }
}

function failure(reason: string): DecodeError {
  return { type: "decode-error", reason, unknownType: undefined };
}

const DECODERS: ReadonlyMap<number, (wire: readonly unknown[]) => Message> = new Map([
  [MESSAGE_CODES.hello, hello],
  [MESSAGE_CODES.resume, (w) => ({ type: "resume", haveSeq: count(w[1], "haveSeq") })],
  [
    MESSAGE_CODES.members,
    (w) => ({ type: "members", members: array(w[1], "members").map(memberFact) }),
  ],
  [
    MESSAGE_CODES.heartbeat,
    (w) => ({ type: "heartbeat", wallMs: time(w[1], "wallMs"), haveSeq: count(w[2], "haveSeq") }),
  ],
  [MESSAGE_CODES.probe, (w) => ({ type: "probe", node: node(w[1]) })],
  [
    MESSAGE_CODES["probe-result"],
    (w) => ({ type: "probe-result", node: node(w[1]), isReached: w[2] === true }),
  ],
  [MESSAGE_CODES.push, push],
  [MESSAGE_CODES.ack, (w) => ({ type: "ack", seq: count(w[1], "seq") })],
  [MESSAGE_CODES.integrated, (w) => ({ type: "integrated", seq: count(w[1], "seq") })],
  [MESSAGE_CODES.audit, audit],
  [
    MESSAGE_CODES.partitions,
    (w) => ({ type: "partitions", round: count(w[1], "round"), sums: counts(w[2], "sums") }),
  ],
  [MESSAGE_CODES.list, list],
  [
    MESSAGE_CODES.listed,
    (w) => ({
      type: "listed",
      round: count(w[1], "round"),
      wanted: array(w[2], "wanted").map(session),
      lacking: array(w[3], "lacking").map(session),
    }),
  ],
  [
    MESSAGE_CODES.sync,
    (w) => ({ type: "sync", request: count(w[1], "request"), items: wholeItems(w[2]) }),
  ],
  [MESSAGE_CODES.synced, (w) => ({ type: "synced", request: count(w[1], "request") })],
  [
    MESSAGE_CODES.pull,
    (w) => ({ type: "pull", request: count(w[1], "request"), session: session(w[2]) }),
  ],
  [MESSAGE_CODES.pulled, pulled],
  [MESSAGE_CODES.range, range],
  [
    MESSAGE_CODES.ranged,
    (w) => ({
      type: "ranged",
      request: count(w[1], "request"),
      isGiven: w[2] === true,
      last: w[3] === null ? undefined : session(w[3]),
      items: wholeItems(w[4]),
    }),
  ],
  [MESSAGE_CODES.leave, () => ({ type: "leave" })],
  [MESSAGE_CODES.refuse, refuse],
] satisfies [number, (wire: readonly unknown[]) => Message][]);

function hello(w: readonly unknown[]): Message {
  return {
    type: "hello",
    protocolMin: count(w[1], "protocolMin"),
    protocolMax: count(w[2], "protocolMax"),
    digestVersion: count(w[3], "digestVersion"),
    cluster: text(w[4], "cluster"),
    member: memberFact(w[5]),
    wallMs: time(w[6], "wallMs"),
    hlc: hlc(w[7]),
    memberSums: isPresent(w[8]) ? memberSums(w[8]) : undefined,
  };
}

function push(w: readonly unknown[]): Message {
  const fromSeqExclusive = count(w[1], "fromSeq");
  const toSeqInclusive = count(w[2], "toSeq");
  if (toSeqInclusive < fromSeqExclusive) throw new Malformed("push ends before it begins");
  return { type: "push", fromSeqExclusive, toSeqInclusive, items: items(w[3]) };
}

function audit(w: readonly unknown[]): Message {
  const [a, b] = [count(w[2], "a"), count(w[3], "b")];
  return { type: "audit", round: count(w[1], "round"), a, b, count: count(w[4], "count") };
}

function list(w: readonly unknown[]): Message {
  const entries = array(w[3], "entries").map((value): DigestEntry => {
    const [id, a, b] = array(value, "entry");
    return { session: session(id), a: count(a, "a"), b: count(b, "b") };
  });
  return {
    type: "list",
    round: count(w[1], "round"),
    partitions: counts(w[2], "partitions"),
    entries,
    isThorough: w[4] === true,
    differing: counts(w[5], "differing"),
  };
}

function range(w: readonly unknown[]): Message {
  const fromInclusive = count(w[2], "from");
  const toExclusive = count(w[3], "to");
  if (toExclusive > PARTITION_COUNT) throw new Malformed("there are not so many partitions");
  const after = w[4] === null ? undefined : session(w[4]);
  return { type: "range", request: count(w[1], "request"), fromInclusive, toExclusive, after };
}

function pulled(w: readonly unknown[]): Message {
  const found = w[2] === null ? undefined : item(w[2]);
  if (found?.kind === "delta") throw new Malformed("a pull is answered with a whole copy");
  return { type: "pulled", request: count(w[1], "request"), item: found };
}

function refuse(w: readonly unknown[]): Message {
  return { type: "refuse", code: text(w[1], "code") as RefusalCode, detail: text(w[2], "detail") };
}

/** How many parts another version may divide its table into; a hello stays small. */
const MEMBER_SUMS_MAX = 1_024;

function memberSums(value: unknown): readonly number[] {
  const sums = counts(value, "memberSums");
  const isSums = sums.length <= MEMBER_SUMS_MAX && sums.every((sum) => sum <= 0xffff_ffff);
  if (!isSums) throw new Malformed("memberSums must be at most 1,024 integers below 2^32");
  return sums;
}

function memberFact(value: unknown): MemberFact {
  const w = array(value, "member");
  const state = MEMBER_STATES[count(w[2], "state")];
  if (!state) throw new Malformed("unknown member state");
  return {
    node: node(w[0]),
    incarnation: count(w[1], "incarnation"),
    state,
    draining: w[3] === true,
    writer: writer(w[4]),
    address: text(w[5], "address"),
  };
}

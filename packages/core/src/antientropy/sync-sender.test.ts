/** Sending whole sessions: in chunks, a few at a time, as they are when sent, until confirmed. */
import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../config.js";
import type { Hlc } from "../hlc.js";
import type { NodeId, SessionId } from "../ids.js";
import { sessionId } from "../session/model/table.suite.js";
import type { WholeItem } from "../session-state.js";
import type { SyncMessage } from "../wire/messages.js";
import { SyncSender } from "./sync-sender.js";

const [A, B] = ["a", "b"] as unknown as [NodeId, NodeId];
const ITEM_BYTES = 1_000;

function bench(chunkItems = 2) {
  const held = new Map<SessionId, number>();
  const sent: { peer: NodeId; message: SyncMessage }[] = [];
  const drained: NodeId[] = [];
  const sender = new SyncSender({
    limits: { ...DEFAULT_LIMITS, syncChunkBytesMax: chunkItems * ITEM_BYTES },
    send: (peer, message) => sent.push({ peer, message: message as SyncMessage }),
    wholeItem: (session) => {
      const version = held.get(session);
      return version === undefined ? undefined : toItem(session, version);
    },
    drained: (peer) => drained.push(peer),
  });
  const hold = (count: number): SessionId[] => {
    const sessions = Array.from({ length: count }, (_, i) => sessionId(i));
    for (const session of sessions) held.set(session, 1);
    return sessions;
  };
  const namesTo = (peer: NodeId): SessionId[] =>
    sent.filter((each) => each.peer === peer).flatMap(({ message }) => message.items.map(nameOf));
  return { sender, held, sent, drained, hold, namesTo };
}

const nameOf = ({ session }: WholeItem): SessionId => session;

function toItem(session: SessionId, version: number): WholeItem {
  const envelope = { createdAtMs: version } as unknown as Extract<
    WholeItem,
    { kind: "state" }
  >["envelope"];
  const update = new Uint8Array(ITEM_BYTES - 110);
  return { kind: "state", session, envelope, hlcMax: version as Hlc, update };
}

test("P8: everything queued is sent once, four chunks at a time, and then reported", () => {
  const { sender, sent, drained, hold, namesTo } = bench();
  const sessions = hold(25);
  sender.enqueue(A, sessions);
  expect(sent).toHaveLength(4);
  for (let i = 0; i < sent.length; i++) {
    expect(sender.isIdle(A)).toBe(false);
    expect(drained).toEqual([]);
    sender.onSynced(A, sent[i]?.message.request ?? 0);
    expect(sent.length - i - 1).toBeLessThanOrEqual(4);
  }
  expect(namesTo(A)).toEqual(sessions);
  for (const { message } of sent) expect(message.items.length).toBeLessThanOrEqual(2);
  expect(drained).toEqual([A]);
  expect(sender.isIdle(A)).toBe(true);
  expect(sender.sentBytes).toBe(25 * ITEM_BYTES);
});

test("a session that changes while it waits is sent as it then is, and once", () => {
  const { sender, held, sent, hold } = bench(1);
  const sessions = hold(6);
  sender.enqueue(A, sessions);
  const last = sessions[5] as SessionId;
  held.set(last, 2);
  sender.enqueue(A, [last]);
  for (let i = 0; i < sent.length; i++) sender.onSynced(A, sent[i]?.message.request ?? 0);
  const copies = sent
    .flatMap(({ message }) => message.items)
    .filter((each) => each.session === last);
  expect(copies).toEqual([toItem(last, 2)]);
});

test("one that is gone by then is left out, and nothing at all is drained at once or never was", () => {
  const { sender, held, sent, drained, hold, namesTo } = bench();
  const sessions = hold(3);
  held.delete(sessions[1] as SessionId);
  sender.enqueue(A, sessions);
  expect(namesTo(A)).toEqual([sessions[0], sessions[2]]);
  held.clear();
  sender.enqueue(B, sessions);
  expect(sent).toHaveLength(1);
  expect(drained).toEqual([B]);
  expect(sender.isIdle(B)).toBe(true);
  sender.enqueue(B, []);
  expect(drained).toEqual([B]);
});

test("peers have lanes of their own, and a lost one takes its queue with it", () => {
  const { sender, sent, drained, hold, namesTo } = bench();
  const sessions = hold(20);
  sender.enqueue(A, sessions);
  sender.enqueue(B, sessions.slice(0, 2));
  expect(namesTo(B)).toEqual(sessions.slice(0, 2));
  sender.peerDown(A);
  expect(sender.isIdle(A)).toBe(true);
  const [first] = sent;
  sender.onSynced(A, first?.message.request ?? 0);
  expect(namesTo(A)).toHaveLength(8);
  expect(drained).toEqual([]);
});

test("confirmations of others, of nothing, or given twice, confirm nothing", () => {
  const { sender, sent, hold } = bench();
  sender.enqueue(A, hold(20));
  const request = sent[0]?.message.request ?? 0;
  sender.onSynced(B, request);
  sender.onSynced(A, 999);
  expect(sent).toHaveLength(4);
  sender.onSynced(A, request);
  sender.onSynced(A, request);
  expect(sent).toHaveLength(5);
});

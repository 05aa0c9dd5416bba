/**
 * Frames as an honest node sends them, equal in every run but for the time: what a replica says to a
 * peer that follows it, asks for a session, and audits it.
 *
 * Not here: breaking them (hostile-frames.ts).
 */
import {
  createPrng,
  DEFAULT_LIMITS,
  diff,
  encodeMessage,
  type Hlc,
  type LinkId,
  type Message,
  type NodeId,
  Replica,
  type Runtime,
  type SessionId,
  type WriterId,
} from "@session-mesh/core";

const LINK = 1 as LinkId;

/** Not a constant: sessions that are over, or of tomorrow, would be refused unread. */
const NOW_MS = Date.now();

/** Records them. */
export function honestFrames(): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const replica = startReplica(frames);
  const tell = (message: Message): void => replica.receive(LINK, encodeMessage(message));
  replica.linkOpened(LINK, { address: undefined });
  tell(helloOf("peer", NOW_MS));
  tell({ type: "resume", haveSeq: 0 });
  const ids = ["AAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBB"] as SessionId[];
  for (const id of ids) {
    for (const value of [{ user: "ada" }, { user: "ada", cart: [1, { sku: "x" }] }]) {
      const read = replica.read(id);
      const base = read.status === "found" ? read : replica.blank();
      replica.commit(id, {
        operations: diff(base.base, value, { bytesMax: 1_000_000 }),
        birth: {},
      });
      replica.fire({ kind: "push-flush", peer: "peer" as NodeId });
    }
    tell({ type: "pull", request: 1, session: id });
  }
  replica.destroy(ids[0] as SessionId);
  replica.fire({ kind: "push-flush", peer: "peer" as NodeId });
  tell({ type: "probe", node: "someone" as NodeId });
  tell({ type: "audit", round: 1, a: 1, b: 2, count: 3 });
  tell({ type: "list", round: 1, isThorough: true, partitions: [4], entries: [], differing: [4] });
  replica.fire({ kind: "tick" });
  return frames;
}

/** What a member says first. */
export function helloOf(node: string, wallMs: number): Message {
  return {
    type: "hello",
    protocolMin: 1,
    protocolMax: 1,
    digestVersion: 1,
    cluster: "default",
    wallMs,
    hlc: 0 as Hlc,
    member: {
      node: node as NodeId,
      incarnation: 1,
      state: "alive",
      draining: false,
      writer: 99 as WriterId,
      address: "",
    },
  };
}

function startReplica(frames: Uint8Array[]): Replica {
  const nothing = (): void => {};
  const runtime: Runtime = {
    wallMs: () => NOW_MS,
    elapsedMs: () => 10_000,
    random: createPrng(7),
    send: (_link, frame) => void frames.push(frame),
    closeLink: nothing,
    dial: nothing,
    schedule: nothing,
    settle: nothing,
    emit: nothing,
    persist: nothing,
  };
  const identity = { cluster: "default", node: "honest" as NodeId, writer: 42 as WriterId };
  const places = { address: "memory://honest", seeds: [] };
  const rest = { digestKey: [1, 2] as const, limits: DEFAULT_LIMITS };
  const replica = new Replica({ ...identity, ...places, ...rest }, runtime);
  replica.start();
  return replica;
}

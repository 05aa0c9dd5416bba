// A node whose replica the users and checkers of the simulator reach: createMesh as anybody calls it, on
// a real network, and beside it a probe.
//
// What happens in the replica, and every acknowledgement before it leaves, is appended to a log file,
// which survives a kill -9. When the test says so, the node stands still at one moment of its clocks
// and answers calls, one after the other, until it is let go: what the network brings meanwhile waits.
// Started with { mesh, clockOffsetMs, log, asked, answers } as JSON: its options, how far its clock is
// ahead of the machine's, and the paths of its files.
import { openSync, readSync, writeSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import { decodeFrame, Replica } from "@session-mesh/core";
import { createMesh } from "session-mesh";
// Behind createMesh's back: nothing that is public leads to the replica, on purpose.
import { SystemRuntime } from "../../packages/session-mesh/dist/system-runtime.js";

process.on("disconnect", () => process.exit(1));

const ACKS = new Set([2, 4, 8]);
const PUSH = 7;
const EMPTY_PUSH_BYTES_MAX = 40;
const OUTCOMES = { awaitAcks: "acks", pull: "pull", awaitRevisions: "freshness" };

const options = JSON.parse(process.argv[2]);
const log = openSync(options.log, "a");
const asked = openSync(options.asked, "r");
const answers = openSync(options.answers, "r+");

function write(file, value) {
  const body = serialize(value);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  writeSync(file, Buffer.concat([head, body]));
}

function readBytes(file, count) {
  const bytes = Buffer.alloc(count);
  for (let at = 0; at < count;) {
    const read = readSync(file, bytes, at, count - at, null);
    if (read === 0) process.exit(1);
    at += read;
  }
  return bytes;
}

const trueNow = Date.now;
Date.now = () => trueNow() + options.clockOffsetMs;

const say = (line) => write(log, line);

let runtime;
let replica;
/** By link: which process is at its other end, and the sessions that it sent since it was last told. */
const peers = new Map();

function heard(link, frame) {
  const message = decodeFrame(frame);
  if (message.type === "hello") {
    peers.set(link, { writer: message.member.writer, sessions: new Set() });
  }
  const items = message.items ?? (message.item ? [message.item] : []);
  for (const { session } of items) peers.get(link)?.sessions.add(session);
}

/** Tells of a frame that says what is held here, or that there is nothing to send; and what is held. */
function told(link, frame) {
  const peer = peers.get(link);
  if (!peer) return;
  const held = [...peer.sessions].map((session) => [session, replica.describe(session)]);
  if (ACKS.has(frame[1])) peer.sessions.clear();
  say({ kind: "sent", to: peer.writer, frame, held: new Map(held) });
}

const { attach, emit, send } = SystemRuntime.prototype;
SystemRuntime.prototype.attach = function (attached) {
  runtime = this;
  replica = attached;
  attach.call(this, attached);
  // Before it dials anybody: nobody may hear of a node that the test does not know yet.
  process.send("born");
  standStill();
};
SystemRuntime.prototype.emit = function (event) {
  say({ kind: "event", event });
  emit.call(this, event);
};
SystemRuntime.prototype.send = function (link, frame) {
  const isEmptyPush = frame[1] === PUSH && frame.length <= EMPTY_PUSH_BYTES_MAX;
  if (ACKS.has(frame[1]) || isEmptyPush) told(link, frame);
  send.call(this, link, frame);
};
const { receive } = Replica.prototype;
Replica.prototype.receive = function (link, frame) {
  heard(link, frame);
  receive.call(this, link, frame);
};

/** Calls the replica; what it answers later goes to the log. */
function call(method, parameters) {
  const kind = OUTCOMES[method];
  if (kind === undefined) return runtime.run((each) => each[method](...parameters));
  const [number, ...rest] = parameters;
  runtime
    .ask(kind, (each, ticket) => each[method](ticket, ...rest))
    .then(
      (outcome) => say({ kind: "settled", ticket: number, outcome }),
      () => undefined,
    );
  return undefined;
}

/** Stands still until it is let go. */
function standStill() {
  const clocks = [Date.now, performance.now];
  const [wallMs, elapsedMs] = [Date.now(), performance.now()];
  Date.now = () => wallMs;
  performance.now = () => elapsedMs;
  write(answers, { value: { wallMs, elapsedMs } });
  for (;;) {
    const length = readBytes(asked, 4).readUInt32LE();
    const [method, ...parameters] = deserialize(readBytes(asked, length));
    if (method === "go on") break;
    try {
      write(answers, { value: call(method, parameters) });
    } catch (error) {
      write(answers, { problem: String(error?.stack ?? error) });
    }
  }
  [Date.now, performance.now] = clocks;
}

const mesh = await createMesh(options.mesh);
process.on("message", (message) => {
  if (message === "stand still") standStill();
});
const ready = setInterval(() => {
  if (!mesh.readiness().ready) return;
  clearInterval(ready);
  say({ kind: "ready" });
}, 20);

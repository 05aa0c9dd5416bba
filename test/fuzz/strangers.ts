/**
 * Strangers at a mesh port: each opens a connection, sends what no member sends, and waits to be
 * thrown out, or hangs up. What they send is a function of a seed.
 *
 * Not here: members that misbehave (saboteurs.ts).
 */
import { connect } from "node:net";
import type { Prng } from "@session-mesh/core";
import {
  createCredentials,
  Handshake,
} from "../../packages/session-mesh/src/transports/handshake.js";
import { changeBytes, noise } from "./hostile-frames.js";

const UPGRADE =
  "GET /session-mesh HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/** What anyone can send who knows the name of the cluster. */
const OPEN = new Handshake(
  "dialer",
  createCredentials("default", ["not the secret of the mesh"]),
).start() as Uint8Array;

/** How long a stranger stays who is not thrown out: some keep to the handshake for as long. */
const PATIENCE_MS = 25;

/** Sends `count` malformed frames to the port, a few connections at a time. */
export async function sendAsStrangers(port: number, random: Prng, count: number): Promise<void> {
  let left = count;
  const take = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await knock(port, opening(random));
    }
  };
  await Promise.all(Array.from({ length: 16 }, take));
}

function opening(random: Prng): Buffer {
  const kind = random.range(0, 10);
  if (kind === 0) return noise(random, 600);
  if (kind === 1) return Buffer.from(changeBytes(random, Buffer.from(UPGRADE)));
  const frames = Array.from({ length: random.range(1, 4) }, () => webSocketFrame(random));
  return Buffer.concat([Buffer.from(UPGRADE), ...frames]);
}

/** A masked frame, sometimes one that no WebSocket may send. */
function webSocketFrame(random: Prng): Buffer {
  const payload = handshakeFrame(random);
  const first = random.chance(0.9) ? 0x82 : random.range(0, 256);
  const head = Buffer.of(first, 0xfe, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0);
  const frame = Buffer.concat([head, payload]);
  return random.chance(0.1) ? Buffer.from(changeBytes(random, frame)) : frame;
}

function handshakeFrame(random: Prng): Uint8Array {
  const kind = random.range(0, 8);
  if (kind === 0) return OPEN;
  if (kind < 4) return changeBytes(random, OPEN);
  if (kind === 4) return noise(random, 5_000);
  const proofs = Buffer.concat([Buffer.of(3, random.range(0, 12)), noise(random, 400)]);
  if (kind === 5) return proofs;
  return Buffer.of(random.range(0, 8), ...noise(random, 120));
}

/** Resolves once the connection is over, whoever ended it. */
function knock(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.resume();
    socket.write(bytes);
  });
}

/**
 * A DNS server for tests, on a UDP port of loopback: answers A and AAAA questions from a table that
 * a test changes while it runs.
 *
 * Not a DNS server for anything else: one question a packet, no compression but of the name asked.
 */
import { createSocket, type Socket } from "node:dgram";
import type { AddressInfo } from "node:net";

/** The length of an address by the type of its record, A and AAAA. */
const LENGTHS: Readonly<Record<number, number>> = { 1: 4, 28: 16 };
const RCODE = { ok: 0, failed: 2, unknown: 3 };

/** Answers questions about the names it was told of. */
export class DnsServer {
  readonly #socket: Socket = createSocket("udp4");
  readonly #records = new Map<string, readonly string[]>();
  readonly #questions = new Map<string, number>();
  /** While set, every question is answered with a failure of the server. */
  isFailing = false;

  async start(): Promise<this> {
    this.#socket.on("message", (packet, { address, port }) => {
      this.#socket.send(this.#answer(packet), port, address);
    });
    await new Promise<void>((resolve) => this.#socket.bind(0, "127.0.0.1", resolve));
    return this;
  }

  /** Where it listens, as `discovery.servers` takes it. */
  get address(): string {
    return `127.0.0.1:${(this.#socket.address() as AddressInfo).port}`;
  }

  /** From now on this name has these addresses; none: there is no such name. */
  set(name: string, ...addresses: string[]): void {
    this.#records.set(name, addresses);
  }

  /** How many questions about this name were answered so far, failed ones included. */
  questionsAbout(name: string): number {
    return this.#questions.get(name) ?? 0;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  #answer(packet: Buffer): Buffer {
    const { name, type, end } = readQuestion(packet);
    this.#questions.set(name, this.questionsAbout(name) + 1);
    const held = this.#records.get(name) ?? [];
    const bytes = LENGTHS[type];
    const answers = held.map(recordData).filter((data) => data.length === bytes);
    const known = held.length > 0 ? RCODE.ok : RCODE.unknown;
    const code = this.isFailing ? RCODE.failed : known;
    const given = code === RCODE.ok ? answers : [];
    const head = Buffer.from(packet.subarray(0, 12));
    head.writeUInt16BE(0x8180 | code, 2);
    head.writeUInt16BE(given.length, 6);
    head.writeUInt32BE(0, 8);
    const records = given.map((data) => record(type, data));
    return Buffer.concat([head, packet.subarray(12, end), ...records]);
  }
}

function readQuestion(packet: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = packet[at] ?? 0; length > 0; length = packet[at] ?? 0) {
    labels.push(packet.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), type: packet.readUInt16BE(at + 1), end: at + 5 };
}

function record(type: number, data: Buffer): Buffer {
  const head = Buffer.from("c00c00000001000000000000", "hex");
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

/** An address as it travels; of IPv6 only the forms `::1` and the full one. */
function recordData(address: string): Buffer {
  if (!address.includes(":")) return Buffer.from(address.split(".").map(Number));
  if (address === "::1") return Buffer.of(...new Uint8Array(15), 1);
  const groups = address.split(":").map((group) => group.padStart(4, "0"));
  return Buffer.from(groups.join(""), "hex");
}

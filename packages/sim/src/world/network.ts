/**
 * The network: links that keep their frames in order or close, as TCP does, on paths that may be cut
 * in one direction or both, and slow.
 *
 * What is sent into a cut waits for the heal, as TCP sends again; what is in flight when a link is
 * reset is lost. A machine that loses its power tells nobody. A link whose sender has more waiting
 * than its shell allows is closed, as the shell does.
 *
 * Not here: what the frames say, and when to cut what (network-faults.ts).
 */
import type { Bytes, LinkId, Millis, Prng } from "@session-mesh/core";
import type { Death, Endpoint } from "./endpoint.js";
import { frameLine } from "../trace/frame-line.js";
import { LinkEnd, type Parcel, type Sent } from "./link-end.js";
import { Paths, type PathSpeed } from "./paths.js";
import type { Simulator } from "./simulator.js";

/** How fast and how faulty. */
export interface NetworkOptions extends PathSpeed {
  /** How likely a dial fails for no reason. */
  readonly dialFailureRate: number;
  /** What may wait on one link before its sender cuts it off. @default unbounded */
  readonly sendBufferBytesMax?: Bytes;
}

/** What a dial into a cut costs. */
const CONNECT_TIMEOUT_MS: Millis = 2_000;

const NOTHING_YET = {
  frames: 0,
  bytes: 0,
  lostFrames: 0,
  /** Arrived after a frame that was sent later, by another sender. */
  overtakenFrames: 0,
  /** Waited at a cut. */
  heldFrames: 0,
  /** Refused by the shell that they reached. */
  brokenFrames: 0,
  /** Links closed because their sender had too much waiting. */
  overfullLinks: 0,
  resets: 0,
  cuts: 0,
  failedDials: 0,
};

/** What has happened to the network so far, for reports and vacuity checks. */
export type NetworkCounts = { -readonly [name in keyof typeof NOTHING_YET]: number };

/** The network. */
export class Network {
  readonly counts: NetworkCounts = { ...NOTHING_YET };
  options: NetworkOptions;
  readonly paths: Paths = new Paths();
  /** Sees every frame that is sent; returns what is sent instead, undefined for nothing. */
  tamper: ((frame: Uint8Array) => Uint8Array | undefined) | undefined;
  /** Hears of every frame that is sent. */
  onSend: ((from: Endpoint, to: Endpoint, frame: Uint8Array) => void) | undefined;
  /** Hears of every frame that arrives, before its receiver does. */
  onReceive: ((from: Endpoint, to: Endpoint, frame: Uint8Array) => void) | undefined;
  readonly #simulator: Simulator;
  readonly #random: Prng;
  readonly #listeners = new Map<string, Endpoint>();
  readonly #ends = new Map<LinkId, LinkEnd>();
  readonly #latest = new WeakMap<Endpoint, { readonly sent: Sent; readonly end: LinkEnd }>();
  #links = 0;

  constructor(simulator: Simulator, options: NetworkOptions) {
    this.#simulator = simulator;
    this.#random = simulator.fork();
    this.options = options;
  }

  listen(address: string, endpoint: Endpoint): void {
    this.#listeners.set(address, endpoint);
    // A machine that came back answers what is left of its old connections with a reset.
    for (const end of this.#ends.values()) {
      const isStale = end.peer.owner.machine === endpoint.machine && !end.peer.owner.isAlive;
      if (isStale) this.#enqueue(end.peer, { kind: "close", reason: "reset by a new process" });
    }
  }

  dial(from: Endpoint, address: string): void {
    const latencyMs = this.#latencyMs(this.options);
    const to = this.#listeners.get(address);
    const isUp = to?.isAlive === true;
    const isCut = isUp && (this.isCut(from, to) || this.isCut(to, from));
    const isFaulty = this.#random.chance(this.options.dialFailureRate);
    if (to && isUp && !isCut && !isFaulty && !to.isPaused) {
      this.#simulator.after(latencyMs, () => this.#open(from, to, address));
      return;
    }
    this.counts.failedDials += 1;
    const isSwallowed = isUp && !isFaulty;
    const delayMs = isSwallowed ? CONNECT_TIMEOUT_MS : latencyMs * 2;
    const detail = isSwallowed ? "timed out" : "refused";
    this.#simulator.after(delayMs, () => from.dialFailed(address, detail));
  }

  send(link: LinkId, frame: Uint8Array): void {
    const end = this.#ends.get(link);
    if (!end || end.isClosing) return;
    const sent = this.tamper ? this.tamper(frame) : frame;
    if (!sent) return;
    this.counts.frames += 1;
    this.counts.bytes += sent.length;
    this.onSend?.(end.owner, end.peer.owner, sent);
    this.#tellSent(end, sent);
    this.#enqueue(end, { kind: "frame", frame: sent });
    if (end.bufferedBytes <= (this.options.sendBufferBytesMax ?? Infinity)) return;
    this.counts.overfullLinks += 1;
    this.close(link, "the peer does not keep up");
  }

  /** Closes one end; the other learns of it after everything sent before. */
  close(link: LinkId, reason: string): void {
    const end = this.#ends.get(link);
    if (!end || end.isClosing) return;
    end.isClosing = true;
    this.#enqueue(end, { kind: "close", reason: `closed by the peer: ${reason}` });
    this.#simulator.after(this.#random.range(0, 3), () => this.#closed(end, reason));
  }

  /** A process ended. */
  died(endpoint: Endpoint, { silent = false, lossy = false }: Death = {}): void {
    for (const end of this.endsOf(endpoint)) {
      end.isClosing = true;
      this.#ends.delete(end.id);
      if (silent || lossy) this.counts.lostFrames += end.drop();
      if (!silent) this.#enqueue(end, { kind: "close", reason: "the process ended" });
    }
  }

  /** Breaks the links between two machines: what is in flight is lost. */
  reset(a: string, b: string): number {
    const ends = this.linksBetween(a, b);
    if (ends.length > 0) this.#simulator.tell({ type: "links-reset", a, b });
    for (const end of ends) {
      this.counts.resets += 1;
      for (const each of [end, end.peer]) this.breakOff(each, "connection reset");
    }
    return ends.length;
  }

  /** Ends a link at one of its ends, which alone is told; what it had sent is lost. */
  breakOff(end: LinkEnd, reason: string): void {
    this.counts.lostFrames += end.drop();
    end.isClosing = true;
    this.#simulator.after(this.#latencyMs(this.options), () => this.#closed(end, reason));
  }

  /** Lets everything arrive at once that was sent from this end, and says how many frames. */
  flush(end: LinkEnd): number {
    const frames = end.frameCount;
    for (let sent = end.take(Infinity); sent; sent = end.take(Infinity)) this.#deliver(end, sent);
    return frames;
  }

  /** What was sent from this end, and will be, does not arrive until it goes on. */
  stall(end: LinkEnd, isStalled: boolean): void {
    end.isStalled = isStalled;
    this.#pump(end);
  }

  /** The open ends on one machine of links that lead to another. */
  linksBetween(a: string, b: string): LinkEnd[] {
    return [...this.#ends.values()].filter(
      (end) => end.owner.machine === a && end.peer.owner.machine === b && !end.isClosing,
    );
  }

  /** Cuts the path from one machine to another; what is sent waits. */
  cut(from: string, to: string): void {
    this.counts.cuts += 1;
    this.paths.cut(from, to);
    this.#simulator.tell({ type: "path-cut", from, to });
  }

  /** Undoes one cut of a path, or everything that was done to all of them. */
  mend(from?: string, to?: string): void {
    if (from !== undefined && to !== undefined) {
      this.paths.mend(from, to);
      if (!this.paths.isCut(from, to)) this.#simulator.tell({ type: "path-mended", from, to });
    } else {
      this.paths.mendAll();
      this.#simulator.tell({ type: "path-mended" });
    }
    for (const end of [...this.#ends.values()]) {
      this.#pump(end);
      this.#pump(end.peer);
    }
  }

  isCut(from: Endpoint, to: Endpoint): boolean {
    return this.paths.isCut(from.machine, to.machine);
  }

  /** The open ends of a process. */
  endsOf(endpoint: Endpoint): LinkEnd[] {
    return [...this.#ends.values()].filter((end) => end.owner === endpoint);
  }

  #tellSent({ owner, peer }: LinkEnd, frame: Uint8Array): void {
    const [from, to] = [owner.machine, peer.owner.machine];
    const { code, bytes } = { code: frame[1] ?? 0, bytes: frame.length };
    this.#simulator.tell({ type: "frame-sent", from, to, code, bytes });
  }

  #open(from: Endpoint, to: Endpoint, address: string): void {
    if (!from.isAlive || !to.isAlive) {
      if (from.isAlive) from.dialFailed(address, "refused");
      return;
    }
    const [near, far] = LinkEnd.pair(from, to, () => (this.#links += 1) as LinkId);
    this.#ends.set(near.id, near);
    this.#ends.set(far.id, far);
    near.dialled = address;
    this.#enqueue(far, { kind: "open", address });
    this.#simulator.after(CONNECT_TIMEOUT_MS, () => {
      if (near.dialled !== undefined) this.close(near.id, "the handshake timed out");
    });
    far.owner.linkOpened(far.id, undefined);
  }

  #enqueue(end: LinkEnd, parcel: Parcel): void {
    const { nowMs } = this.#simulator;
    const speed = this.paths.speedOf(end.owner.machine, end.peer.owner.machine) ?? this.options;
    const { bytesPerMs, jitterMs } = speed;
    const drawn = { latencyMs: this.#latencyMs(speed), jitterMs, bytesPerMs };
    const arrivesAtMs = end.push(parcel, nowMs, drawn);
    this.#simulator.after(arrivesAtMs - nowMs, () => this.#pump(end));
  }

  /** Delivers what is due. */
  #pump(end: LinkEnd): void {
    const { nowMs } = this.#simulator;
    while (end.due(nowMs)) {
      if (end.isStalled || this.isCut(end.owner, end.peer.owner)) {
        this.counts.heldFrames += 1;
        return;
      }
      this.#deliver(end, end.take(nowMs) as Sent);
    }
  }

  #deliver(from: LinkEnd, sent: Sent): void {
    const to = from.peer;
    if (this.#ends.get(to.id) !== to) return;
    const { parcel } = sent;
    if (parcel.kind === "close") this.#closed(to, parcel.reason);
    else if (parcel.kind === "broken") {
      this.counts.brokenFrames += 1;
      this.close(to.id, parcel.reason);
    } else if (parcel.kind === "open") {
      to.dialled = undefined;
      to.owner.linkOpened(to.id, parcel.address);
    } else if (to.isClosing) {
      this.counts.lostFrames += 1;
    } else {
      this.#countOvertaken(to, sent);
      const { frame } = parcel;
      this.#simulator.trace.frame(this.#simulator.nowMs, frame, () => ({
        where: to.owner.machine,
        what: `◀ ${from.owner.machine} ${frameLine(frame)}`,
      }));
      this.onReceive?.(from.owner, to.owner, frame);
      to.owner.receive(to.id, frame);
    }
  }

  #countOvertaken(end: LinkEnd, sent: Sent): void {
    const latest = this.#latest.get(end.owner);
    if (latest && latest.sent.sentAtMs > sent.sentAtMs) {
      this.counts.overtakenFrames += Number(latest.end !== end);
    } else this.#latest.set(end.owner, { sent, end });
  }

  #closed(end: LinkEnd, reason: string): void {
    if (this.#ends.get(end.id) !== end) return;
    end.isClosing = true;
    this.#ends.delete(end.id);
    // A link that never opened is a dial that failed.
    if (end.dialled !== undefined) end.owner.dialFailed(end.dialled, reason);
    else end.owner.linkClosed(end.id, reason);
  }

  #latencyMs({ latencyMs, jitterMs }: PathSpeed): Millis {
    return latencyMs + this.#random.range(0, jitterMs * 100 + 1) / 100;
  }
}

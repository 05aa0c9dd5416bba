/**
 * The network: links that keep their frames in order or close, as TCP does, on paths that may be cut
 * in one direction or both.
 *
 * What is sent into a cut waits for the heal, as TCP sends again; what is in flight when a link is
 * reset is lost. A machine that loses its power tells nobody.
 *
 * Not here: what the frames say, and when to cut what (nemesis.ts).
 */
import type { LinkId, Millis, Prng } from "@session-mesh/core";
import { frameLine } from "./frame-line.js";
import { LinkEnd, type Parcel } from "./link-end.js";
import type { Simulator } from "./simulator.js";

/** One end of links: a running process. */
export interface Endpoint {
  /** The machine it runs on: paths are cut between machines. */
  readonly machine: string;
  /** False once it has crashed or ended. */
  readonly isAlive: boolean;
  /** Takes nothing in, though its kernel keeps connections. */
  readonly isPaused: boolean;
  linkOpened(link: LinkId, address: string | undefined): void;
  linkClosed(link: LinkId, reason: string): void;
  dialFailed(address: string, detail: string): void;
  receive(link: LinkId, frame: Uint8Array): void;
}

/** How fast and how faulty. */
export interface NetworkOptions {
  readonly latencyMs: Millis;
  /** Up to this much is added to each frame. */
  readonly jitterMs: Millis;
  /** How likely a dial fails for no reason. */
  readonly dialFailureRate: number;
  readonly bytesPerMs: number;
}

/** How a process ends: `silent` with its machine, so that nobody is told; `lossy` in mid-sentence. */
export interface Death {
  readonly silent?: boolean;
  readonly lossy?: boolean;
}

/** What a dial into a cut costs. */
const CONNECT_TIMEOUT_MS: Millis = 2_000;

/** What has happened to the network so far, for reports and vacuity checks. */
export interface NetworkCounts {
  frames: number;
  bytes: number;
  lostFrames: number;
  resets: number;
  cuts: number;
  failedDials: number;
}

/** The network. */
export class Network {
  readonly counts: NetworkCounts = {
    frames: 0,
    bytes: 0,
    lostFrames: 0,
    resets: 0,
    cuts: 0,
    failedDials: 0,
  };
  options: NetworkOptions;
  /** Sees every frame that is sent; returns what is sent instead, undefined for nothing. */
  tamper: ((frame: Uint8Array) => Uint8Array | undefined) | undefined;
  /** Hears of every frame that is sent. */
  onSend: ((from: Endpoint, to: Endpoint, frame: Uint8Array) => void) | undefined;
  readonly #simulator: Simulator;
  readonly #random: Prng;
  readonly #listeners = new Map<string, Endpoint>();
  readonly #ends = new Map<LinkId, LinkEnd>();
  readonly #cuts = new Set<string>();
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
    const latencyMs = this.#latencyMs(100);
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
    const ends = [...this.#ends.values()].filter(
      (end) => end.owner.machine === a && end.peer.owner.machine === b,
    );
    if (ends.length > 0) this.#simulator.tell({ type: "links-reset", a, b });
    for (const end of ends) {
      this.counts.resets += 1;
      this.counts.lostFrames += end.drop() + end.peer.drop();
      for (const each of [end, end.peer]) {
        each.isClosing = true;
        this.#simulator.after(this.#latencyMs(0), () => this.#closed(each, "connection reset"));
      }
    }
    return ends.length;
  }

  /** Lets frames of a link arrive broken off. */
  truncateNext(a: string, b: string): boolean {
    for (const end of this.#ends.values()) {
      if (end.owner.machine !== a || end.peer.owner.machine !== b) continue;
      if (end.truncateLast()) return true;
    }
    return false;
  }

  /** Cuts the path from one machine to another; what is sent waits. */
  cut(from: string, to: string): void {
    this.counts.cuts += 1;
    this.#cuts.add(`${from}>${to}`);
    this.#simulator.tell({ type: "path-cut", from, to });
  }

  /** Mends a path, or all of them. */
  mend(from?: string, to?: string): void {
    if (from !== undefined && to !== undefined) {
      this.#cuts.delete(`${from}>${to}`);
      this.#simulator.tell({ type: "path-mended", from, to });
    } else {
      this.#cuts.clear();
      this.#simulator.tell({ type: "path-mended" });
    }
    for (const end of [...this.#ends.values()]) {
      this.#pump(end);
      this.#pump(end.peer);
    }
  }

  isCut(from: Endpoint, to: Endpoint): boolean {
    return this.#cuts.has(`${from.machine}>${to.machine}`);
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
    const bytes = parcel.kind === "frame" ? parcel.frame.length : 0;
    const readyAtMs = this.#simulator.nowMs + this.#latencyMs(bytes);
    end.push(parcel, readyAtMs);
    this.#pumpAt(end, readyAtMs);
  }

  #pumpAt(end: LinkEnd, atMs: Millis): void {
    this.#simulator.after(atMs - this.#simulator.nowMs, () => this.#pump(end));
  }

  /** Delivers what is due. */
  #pump(end: LinkEnd): void {
    while (!this.isCut(end.owner, end.peer.owner)) {
      const parcel = end.take(this.#simulator.nowMs);
      if (!parcel) return;
      this.#deliver(end, end.peer, parcel);
    }
  }

  #deliver(from: LinkEnd, to: LinkEnd, parcel: Parcel): void {
    if (this.#ends.get(to.id) !== to) return;
    if (parcel.kind === "close") this.#closed(to, parcel.reason);
    else if (parcel.kind === "open") {
      to.dialled = undefined;
      to.owner.linkOpened(to.id, parcel.address);
    } else {
      const { frame } = parcel;
      this.#simulator.trace.frame(this.#simulator.nowMs, frame, () => ({
        where: to.owner.machine,
        what: `◀ ${from.owner.machine} ${frameLine(frame)}`,
      }));
      to.owner.receive(to.id, frame);
    }
  }

  #closed(end: LinkEnd, reason: string): void {
    if (this.#ends.get(end.id) !== end) return;
    end.isClosing = true;
    this.#ends.delete(end.id);
    // A link that never opened is a dial that failed.
    if (end.dialled !== undefined) end.owner.dialFailed(end.dialled, reason);
    else end.owner.linkClosed(end.id, reason);
  }

  #latencyMs(bytes: number): Millis {
    const { latencyMs, jitterMs, bytesPerMs } = this.options;
    const jitter = this.#random.range(0, jitterMs * 100 + 1) / 100;
    return latencyMs + jitter + bytes / bytesPerMs;
  }
}

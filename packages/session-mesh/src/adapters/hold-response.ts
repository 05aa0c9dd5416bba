/**
 * Holds a response back until what it reports is safe: the first of writeHead, write, flushHeaders
 * and end asks a gate, and no byte leaves before the gate has answered (P1).
 *
 *   handler ──end(body)──▶ gate ──▶ commit … acknowledged ──▶ Set-Cookie, head, body
 *                            └────▶ nothing to wait for: straight through, in the same call
 *
 * While a response is held it looks to its handler as Node shows it: `headersSent` is true, setHeader
 * and a second writeHead throw, `writableEnded` is true after end, write returns false beyond the
 * bound and 'drain' follows. Two things are deliberately late: `finished` (deprecated) and the
 * 'finish' event tell of bytes handed over. Node closes a connection as idle when `finished` is true,
 * so a server that stops would cut held responses off.
 *
 * Informational responses (100, 102, 103) carry no session and are not held.
 * Not here: what is waited for, and what a session or a cookie is (session-exchange.ts).
 */
import type { ServerResponse } from "node:http";
import { HeldCalls } from "./held-calls.js";
import { shadow, type Shadow, unshadow } from "./held-shadow.js";
import { applyHead, isBadChunk, isBadHead, writeArguments } from "./response-arguments.js";

/** Held bytes from which on `write` returns false; what is written in spite of it is kept, as Node does. */
const HELD_BYTES_MAX = 65_536;

/** A response that takes the place of the one that was held, whose bytes are dropped. */
export interface SubstituteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** What becomes of a response at its head. */
export type HeadVerdict =
  | { readonly send: true; readonly setCookies: readonly string[] }
  | { readonly send: false; readonly answer: SubstituteAnswer };

/** What is asked of a response on its way out. Neither may throw or reject. */
export interface ResponseGates {
  /** Asked once, before the first header or byte. A promise holds the response until it settles. */
  beforeHead(): HeadVerdict | Promise<HeadVerdict>;
  /**
   * Asked when a response ends whose head went (or was held) in an earlier call, and when its client
   * goes away before that; so perhaps twice. A promise holds the end until it settles.
   */
  beforeEnd(): undefined | Promise<void>;
}

type Method = "writeHead" | "write" | "flushHeaders" | "end";
type AnyMethod = (...args: readonly unknown[]) => unknown;

/** The one private field of Node that is touched: `headersSent`, setHeader and writeHead read it. */
interface NodeHead {
  _header: string | null;
}

const PLACEHOLDER = "held by session-mesh";

/** Puts the gates before the response. Affects this response only. */
export function holdResponse(
  res: ServerResponse,
  gates: ResponseGates,
  options: { readonly heldBytesMax?: number } = {},
): void {
  new ResponseHold(res, gates, options.heldBytesMax ?? HELD_BYTES_MAX).patch();
}

/**
 * One response on its way out.
 *
 * Invariants:
 * 1. `beforeHead` is asked at most once, and before anything reaches the response beneath.
 * 2. While `#waits` is not zero nothing reaches the response beneath; calls leave in their order.
 * 3. After a substitute answer no call of the handler reaches the response beneath.
 */
class ResponseHold implements Shadow {
  readonly #res: ServerResponse & NodeHead;
  readonly #gates: ResponseGates;
  /** The methods as found, which may be another middleware's. */
  readonly #beneath: Record<Method | "on", AnyMethod>;
  readonly #heldBytesMax: number;
  #held: HeldCalls | undefined;
  #waits = 0;
  #isHeadAsked = false;
  #isEnded = false;
  #isSubstituted = false;
  #setCookies: readonly string[] = [];
  #answer: SubstituteAnswer | undefined;

  constructor(res: ServerResponse, gates: ResponseGates, heldBytesMax: number) {
    this.#res = res as ServerResponse & NodeHead;
    this.#gates = gates;
    this.#heldBytesMax = heldBytesMax;
    const { writeHead, write, flushHeaders, end, on } = res as unknown as Record<string, AnyMethod>;
    this.#beneath = { writeHead, write, flushHeaders, end, on } as Record<Method | "on", AnyMethod>;
  }

  get writableEnded(): boolean {
    return this.#isEnded;
  }

  get writableLength(): number {
    return this.#held?.bytes ?? 0;
  }

  get writableNeedDrain(): boolean {
    return this.#held?.owesDrain === true && !this.#isEnded && !this.#res.destroyed;
  }

  patch(): void {
    const target = this.#res as unknown as Record<Method, AnyMethod>;
    target.writeHead = (...args) => this.#writeHead(args);
    target.write = (...args) => this.#write(args);
    target.flushHeaders = () => void this.#pass("flushHeaders", []);
    target.end = (...args) => this.#end(args);
  }

  #writeHead(args: readonly unknown[]): unknown {
    // Headers that are out already, and arguments that Node refuses, are Node's to answer.
    if (this.#res.headersSent || isBadHead(args)) return this.#toBeneath("writeHead", args);
    const plain = applyHead(this.#res, args);
    this.#pass("writeHead", plain);
    return this.#res;
  }

  #write(args: readonly unknown[]): unknown {
    if (this.#isSubstituted) return this.#swallow("write", args);
    if (isBadChunk(args[0])) return this.#toBeneath("write", args);
    if (this.#isEnded && this.#waits > 0) return this.#asIfFinished("write", args);
    return this.#pass("write", args);
  }

  #end(args: readonly unknown[]): unknown {
    if (this.#isSubstituted) return this.#swallow("end", args);
    const { chunk } = writeArguments(args);
    if (chunk && isBadChunk(chunk)) return this.#toBeneath("end", args);
    if (this.#isEnded && this.#waits > 0) return this.#asIfFinished("end", args);
    const isHeadEarlier = this.#isHeadAsked;
    this.#isEnded = true;
    if (isHeadEarlier) this.#askEnd();
    const result = this.#pass("end", args);
    return this.#waits > 0 ? this.#res : result;
  }

  /** Asks for the head if nobody has, then holds the call or lets it through. */
  #pass(method: Method, args: readonly unknown[]): unknown {
    if (!this.#isHeadAsked) this.#askHead(method);
    if (this.#isSubstituted) return this.#swallow(method, args);
    if (this.#waits === 0) return this.#toBeneath(method, args);
    this.#held ??= new HeldCalls(this.#heldBytesMax);
    return this.#held.add(method, args);
  }

  #askHead(method: Method): void {
    this.#isHeadAsked = true;
    if (method !== "end") this.#res.once("close", () => this.#onClose());
    const verdict = this.#gates.beforeHead();
    if (!(verdict instanceof Promise)) {
      this.#decide(verdict);
      if (this.#answer === undefined) this.#appendCookies();
      else this.#substitute([]);
      return;
    }
    this.#res._header = PLACEHOLDER;
    this.#wait(verdict.then((decided) => this.#decide(decided)));
  }

  #onClose(): void {
    // After every other 'close' listener, since a handler tidies its session up there.
    if (!this.#isEnded) setImmediate(() => this.#askEnd());
  }

  #askEnd(): void {
    if (this.#isSubstituted) return;
    const settled = this.#gates.beforeEnd();
    if (settled !== undefined) this.#wait(settled);
  }

  #wait(settled: Promise<void>): void {
    if (this.#waits === 0) shadow(this.#res, this);
    this.#waits += 1;
    const done = (): void => {
      this.#waits -= 1;
      if (this.#waits === 0) this.#release();
    };
    // Node threw what the handler should have seen, such as a wrong Content-Length.
    settled.then(done).catch((error: Error) => this.#res.destroy(error));
  }

  #decide(verdict: HeadVerdict): void {
    if (verdict.send) this.#setCookies = verdict.setCookies;
    else this.#answer = verdict.answer;
  }

  #release(): void {
    unshadow(this.#res);
    if (this.#res._header === PLACEHOLDER) this.#res._header = null;
    const calls = this.#held?.take() ?? [];
    if (this.#answer !== undefined) {
      this.#substitute(calls);
      return;
    }
    this.#appendCookies();
    let isFlowing = true;
    for (const { method, args } of calls) {
      const result = this.#toBeneath(method as Method, args);
      if (method === "write") isFlowing = result !== false;
    }
    // A response beneath that is full says 'drain' by itself.
    if (isFlowing) this.#drain();
  }

  #appendCookies(): void {
    const cookies = this.#setCookies;
    this.#setCookies = [];
    if (this.#res.headersSent) return;
    for (const cookie of cookies) this.#res.appendHeader("Set-Cookie", cookie);
  }

  #substitute(dropped: readonly { method: string; args: readonly unknown[] }[]): void {
    const { status, headers, body } = this.#answer as SubstituteAnswer;
    for (const name of this.#res.getHeaderNames()) this.#res.removeHeader(name);
    for (const [name, value] of Object.entries(headers)) this.#res.setHeader(name, value);
    this.#res.statusMessage = "";
    this.#res.statusCode = status;
    this.#beneath.end.call(this.#res, body);
    this.#isSubstituted = true;
    for (const { method, args } of dropped) this.#swallow(method as Method, args);
    this.#drain();
  }

  /** Answers a call whose response was replaced, so that no pipe or callback waits for ever. */
  #swallow(method: Method, args: readonly unknown[]): unknown {
    const { callback } = writeArguments(args);
    if (callback !== undefined) process.nextTick(callback);
    return method === "write" ? true : this.#res;
  }

  #drain(): void {
    if (this.#held?.takeOwedDrain() !== true || this.#isEnded) return;
    // Compression hands drain listeners to its own stream; the emitter they reach is what `on` returns.
    const ignore = (): void => {};
    const emitter = this.#beneath.on.call(this.#res, "drain", ignore) as ServerResponse;
    emitter.off("drain", ignore);
    emitter.emit("drain");
  }

  /** Node makes its own error for a call after end. */
  #asIfFinished(method: Method, args: readonly unknown[]): unknown {
    const res = this.#res as { finished: boolean };
    res.finished = true;
    try {
      return this.#toBeneath(method, args);
    } finally {
      res.finished = false;
    }
  }

  #toBeneath(method: Method, args: readonly unknown[]): unknown {
    return this.#beneath[method].apply(this.#res, args as unknown[]);
  }
}

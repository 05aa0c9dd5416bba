/**
 * One connection of a Redis client: bytes to commands, commands to replies, in order and bounded.
 *
 * Nothing of a client is read while it does not read what it was answered, nor while too many of its
 * replies wait: what is unread stays in the kernel and slows the sender down.
 * Not here: accepting connections and closing those that are too slow (server.ts).
 */
import type { Socket } from "node:net";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { ClientContext, RedisDoor } from "./client-context.js";
import type { Command, Outcome } from "./command.js";
import { CommandDecoder, ProtocolError, UNAUTHENTICATED } from "./command-decoder.js";
import { error, type Protocol, type Reply } from "./reply.js";
import type { ReplyEncoder } from "./reply-encoder.js";
import { ReplyQueue } from "./reply-queue.js";

/** So much is encoded before a look at whether the client still reads. */
const FLUSH_BYTES = 256 * 1024;

/** So much is read of a client while a command of it waits for its effect. */
const READ_AHEAD_BYTES_MAX = 256 * 1024;

const NOT_AUTHENTICATED = error("NOAUTH Authentication required.");
const BROKEN = error("ERR internal error, see the log of session-mesh");

/** What a connection needs of its front door. */
export interface ConnectionPorts {
  readonly door: RedisDoor;
  readonly keyspace: Keyspace;
  /** One for all connections: each empties it before its turn ends. */
  readonly encoder: ReplyEncoder;
  /** Told when a frame broke the protocol, and when a command threw. */
  onProtocolError(connection: Connection): void;
  onFailure(failure: unknown, commandName: string): void;
}

/** One connection; it lives until its socket closes. */
export class Connection implements ClientContext {
  db = 0;
  name = "";
  protocol: Protocol = 2;
  user = "";
  libraryName = "";
  libraryVersion = "";
  isNoEvict = false;
  isNoTouch = false;
  lastCommandName = "NULL";
  lastCommandAt: number;
  readonly connectedAt: number;
  readonly remote: string;
  readonly local: string;
  /** Since when a command is incomplete, in `performance.now()`; undefined when none is. */
  unfinishedSince: number | undefined;
  /** The `unfinishedSince` with which it was found beyond a deadline; for the server. */
  lateSince: number | undefined;
  readonly #socket: Socket;
  readonly #ports: ConnectionPorts;
  readonly #decoder: CommandDecoder;
  readonly #replies: ReplyQueue;
  #isAuthenticated = false;
  /** A command whose effect is still to come is running: the next one waits. */
  #isBlocked = false;
  #isClosing = false;
  #hasEnded = false;
  #isResumeDue = false;

  constructor(
    readonly clientId: number,
    socket: Socket,
    ports: ConnectionPorts,
  ) {
    this.#socket = socket;
    this.#ports = ports;
    this.#decoder = new CommandDecoder(UNAUTHENTICATED);
    this.#replies = this.#createReplies();
    this.connectedAt = Date.now();
    this.lastCommandAt = this.connectedAt;
    this.remote = addressOf(socket.remoteAddress, socket.remotePort);
    this.local = addressOf(socket.localAddress, socket.localPort);
    this.isAuthenticated = ports.door.settings.password === undefined;
    this.unfinishedSince = performance.now();
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("drain", () => this.#resume());
    socket.on("end", () => this.#onEnd());
  }

  get door(): RedisDoor {
    return this.#ports.door;
  }

  get keyspace(): Keyspace {
    return this.#ports.keyspace;
  }

  get isAuthenticated(): boolean {
    return this.#isAuthenticated;
  }

  set isAuthenticated(value: boolean) {
    this.#isAuthenticated = value;
    this.#decoder.limits = value ? this.door.settings : UNAUTHENTICATED;
  }

  /** Whether it has ever sent a whole command, and AUTH where that is needed. */
  get isWelcome(): boolean {
    return this.#isAuthenticated && this.lastCommandName !== "NULL";
  }

  get receivedBytes(): number {
    return this.#decoder.heldBytes;
  }

  get backlogBytes(): number {
    return this.#socket.writableLength + this.#replies.heldBytes;
  }

  /** Bytes in and out together. */
  get heldBytes(): number {
    return this.receivedBytes + this.backlogBytes;
  }

  closeAfterReply(): void {
    this.#isClosing = true;
  }

  /** Closes at once; replies that wait are lost. */
  destroy(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  /** Closes when what was asked so far is answered. */
  end(): void {
    this.#onEnd();
  }

  #onData(chunk: Buffer): void {
    this.#decoder.push(chunk);
    if (this.#isBlocked && this.receivedBytes > READ_AHEAD_BYTES_MAX) this.#socket.pause();
    this.#run();
  }

  /** Starts every command that is complete and may start, and sends what is ready. */
  #run(): void {
    let started = 0;
    while (!this.#isBlocked && !this.#isClosing && this.#hasRoom()) {
      const args = this.#decoder.next();
      if (args === undefined) break;
      if (args instanceof ProtocolError) {
        this.#fail(args);
        break;
      }
      this.#start(args);
      started++;
    }
    this.#flush();
    if (started > 0) this.lastCommandAt = Date.now();
    this.#noteUnfinished(started > 0);
    if (this.#hasEnded) this.#endWhenAnswered();
  }

  #hasRoom(): boolean {
    const { replyBacklogBytesMax, repliesWaitingMax } = this.door.settings;
    if (this.#ports.encoder.pendingBytes > FLUSH_BYTES) this.#flush();
    const hasRoom =
      this.#socket.writableLength <= replyBacklogBytesMax &&
      this.#replies.heldBytes <= replyBacklogBytesMax &&
      this.#replies.length < repliesWaitingMax;
    if (!hasRoom) this.#socket.pause();
    return hasRoom;
  }

  #start(args: readonly Buffer[]): void {
    const { counts, table } = this.door;
    counts.commandCount++;
    const found = table.lookUp(args);
    if ("kind" in found) {
      if (isBrowser(args[0])) return this.#refuse();
      return this.#replies.add(found, this.protocol);
    }
    this.lastCommandName = found.name;
    if (!this.#isAuthenticated && !found.flags.includes("no_auth")) {
      this.#replies.add(NOT_AUTHENTICATED, this.protocol);
    } else {
      this.#isBlocked = this.#replies.take(this.#call(found, args), this.protocol, found.name);
    }
  }

  #call(found: Command<ClientContext>, args: readonly Buffer[]): Outcome {
    try {
      return found.run(args, this);
    } catch (failure) {
      return this.#broken(failure, found.name);
    }
  }

  #createReplies(): ReplyQueue {
    return new ReplyQueue({
      encoder: this.#ports.encoder,
      onReady: () => this.#resumeSoon(),
      onEffect: () => {
        this.#isBlocked = false;
        this.#resume();
      },
      onError: () => this.door.counts.errorReplyCount++,
      onFailure: (failure, commandName) => this.#broken(failure, commandName),
    });
  }

  /** Acknowledgements come in bunches: their replies leave together. */
  #resumeSoon(): void {
    if (this.#isResumeDue) return;
    this.#isResumeDue = true;
    process.nextTick(() => {
      this.#isResumeDue = false;
      this.#resume();
    });
  }

  #broken(failure: unknown, commandName: string): Reply {
    this.#ports.onFailure(failure, commandName);
    return BROKEN;
  }

  #refuse(): void {
    this.#ports.onProtocolError(this);
    this.destroy();
  }

  #fail(failed: ProtocolError): void {
    this.#ports.onProtocolError(this);
    this.#replies.add(error(`ERR ${failed.text}`), this.protocol);
    this.#isClosing = true;
  }

  /** Goes on where it was held up, and reads again. */
  #resume(): void {
    if (this.#socket.destroyed) return;
    this.#replies.release();
    if (this.#socket.isPaused() && !this.#isBlocked) this.#socket.resume();
    this.#run();
  }

  #flush(): void {
    const socket = this.#socket;
    const chunks = this.#ports.encoder.take();
    const [first] = chunks;
    if (first !== undefined && socket.writable) {
      if (chunks.length === 1) socket.write(first);
      else {
        socket.cork();
        for (const chunk of chunks) socket.write(chunk);
        socket.uncork();
      }
    }
    if (this.#isClosing && this.#replies.length === 0) socket.destroySoon();
  }

  /** A command that is incomplete because we do not read is not the client's fault. */
  #noteUnfinished(hasStarted: boolean): void {
    const isOurs = this.#isBlocked || this.#isClosing || this.#socket.isPaused();
    if (isOurs || (!this.#decoder.isUnfinished && this.isWelcome)) this.unfinishedSince = undefined;
    else if (this.isWelcome && (hasStarted || this.unfinishedSince === undefined)) {
      this.unfinishedSince = performance.now();
    }
  }

  /** The client sends no more; it may still wait for replies. */
  #onEnd(): void {
    this.#hasEnded = true;
    this.#endWhenAnswered();
  }

  #endWhenAnswered(): void {
    if (this.#isBlocked || this.#replies.length > 0 || this.#socket.isPaused()) return;
    this.#socket.end();
  }
}

/** As CLIENT LIST shows it; for a unix socket there is no address. */
function addressOf(host: string | undefined, port: number | undefined): string {
  if (host === undefined || port === undefined) return "";
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A web page can have a browser send a form here, whose lines would be commands; Redis hangs up too. */
function isBrowser(name: Buffer | undefined): boolean {
  return name !== undefined && /^(post|host:)$/i.test(name.toString("latin1", 0, 6));
}

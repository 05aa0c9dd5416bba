/**
 * The replies of one connection, in the order of its commands, whichever is ready first.
 *
 * Not here: starting commands, and sending bytes (connection.ts).
 */
import type { Deferred, Outcome } from "./command.js";
import type { Protocol, Reply } from "./reply.js";
import type { ReplyEncoder } from "./reply-encoder.js";

interface Place {
  reply: Reply | undefined;
  bytes: number;
  readonly protocol: Protocol;
  readonly commandName: string;
}

/** Whom a queue tells. */
export interface ReplyQueuePorts {
  readonly encoder: ReplyEncoder;
  /** A reply that was waited for is there: `release` soon. */
  onReady(): void;
  /** The effect of a command that was to come has happened: the next one may start. */
  onEffect(): void;
  /** A reply to a command was an error. */
  onError(): void;
  /** What a command threw or rejected with becomes a reply. */
  onFailure(failure: unknown, commandName: string): Reply;
}

/** Places for replies. What is ready at the front goes to the encoder. */
export class ReplyQueue {
  readonly #ports: ReplyQueuePorts;
  #places: Place[] = [];
  #first = 0;
  #bytes = 0;

  constructor(ports: ReplyQueuePorts) {
    this.#ports = ports;
  }

  /** How many replies wait: for themselves or for one before them. */
  get length(): number {
    return this.#places.length - this.#first;
  }

  /** About how many bytes those hold that are ready and wait for one before them. */
  get heldBytes(): number {
    return this.#bytes;
  }

  /** Takes what a command gave. Says whether its effect is still to come, so that the next one waits. */
  take(outcome: Outcome, protocol: Protocol, commandName: string): boolean {
    if (outcome instanceof Promise) {
      const place = this.#reserve(protocol, commandName);
      outcome.then(
        (result) => this.#takeEffect(result, place),
        (failure) => this.#takeEffect(this.#ports.onFailure(failure, commandName), place),
      );
      return true;
    }
    if (outcome.kind === "deferred") this.#await(outcome, this.#reserve(protocol, commandName));
    else this.add(outcome, protocol);
    return false;
  }

  /** A reply that is ready. */
  add(reply: Reply, protocol: Protocol): void {
    if (this.length === 0) {
      if (reply.kind === "error") this.#ports.onError();
      this.#ports.encoder.write(reply, protocol);
    } else this.#settle(reply, this.#reserve(protocol, ""));
  }

  /** Gives the encoder what is ready and waits for nothing before it. */
  release(): void {
    for (;;) {
      const place = this.#places[this.#first];
      if (place?.reply === undefined) break;
      this.#ports.encoder.write(place.reply, place.protocol);
      this.#bytes -= place.bytes;
      this.#first++;
    }
    if (this.#first === this.#places.length) {
      this.#places = [];
      this.#first = 0;
    } else if (this.#first > 1_024) {
      this.#places = this.#places.slice(this.#first);
      this.#first = 0;
    }
  }

  #reserve(protocol: Protocol, commandName: string): Place {
    const place: Place = { reply: undefined, bytes: 0, protocol, commandName };
    this.#places.push(place);
    return place;
  }

  #takeEffect(result: Reply | Deferred, place: Place): void {
    if (result.kind === "deferred") this.#await(result, place);
    else this.#settle(result, place);
    this.#ports.onEffect();
  }

  #await({ reply }: Deferred, place: Place): void {
    reply
      .catch((failure: unknown) => this.#ports.onFailure(failure, place.commandName))
      .then((settled) => {
        this.#settle(settled, place);
        this.#ports.onReady();
      });
  }

  #settle(reply: Reply, place: Place): void {
    if (reply.kind === "error") this.#ports.onError();
    place.reply = reply;
    place.bytes = bytesOf(reply);
    this.#bytes += place.bytes;
  }
}

function bytesOf(reply: Reply): number {
  if (reply.kind === "bulk") return reply.value.length;
  if (!("items" in reply)) return 0;
  return reply.items.reduce((sum, item) => sum + bytesOf(item), 0);
}

/**
 * The replies of one connection, in the order of its commands, whichever is ready first.
 *
 * Not here: starting commands (connection.ts).
 */
import type { Protocol, Reply } from "./reply.js";
import type { ReplyEncoder } from "./reply-encoder.js";

interface Place {
  reply: Reply | undefined;
  readonly protocol: Protocol;
}

/** Places for replies. What is ready at the front goes to the encoder. */
export class ReplyQueue {
  readonly #encoder: ReplyEncoder;
  #places: Place[] = [];
  #first = 0;

  constructor(encoder: ReplyEncoder) {
    this.#encoder = encoder;
  }

  /** How many replies wait: for themselves or for one before them. */
  get length(): number {
    return this.#places.length - this.#first;
  }

  /** A reply that is ready. */
  add(reply: Reply, protocol: Protocol): void {
    if (this.length === 0) this.#encoder.write(reply, protocol);
    else this.#places.push({ reply, protocol });
  }

  /** A place for a reply that is not; call the result when it is, then `release`. */
  reserve(protocol: Protocol): (reply: Reply) => void {
    const place: Place = { reply: undefined, protocol };
    this.#places.push(place);
    return (reply) => {
      place.reply = reply;
    };
  }

  /** Gives the encoder what is ready and waits for nothing before it. */
  release(): void {
    for (;;) {
      const place = this.#places[this.#first];
      if (place?.reply === undefined) break;
      this.#encoder.write(place.reply, place.protocol);
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
}

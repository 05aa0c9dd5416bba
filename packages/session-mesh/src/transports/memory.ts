/**
 * A transport inside one process, for meshes in tests and for trying things out.
 *
 * It keeps to the same rules as a socket: frames are copied, arrive later and in order, and are
 * bounded. Not a network with faults; that is the simulator's.
 */
import { MeshError } from "../mesh-error.js";
import {
  type Closing,
  type Connection,
  type ConnectionListener,
  type Dial,
  type Transport,
  UNPROVEN_BYTES_MAX,
} from "./transport.js";

const FRAME_BYTES_MAX = 16 * 1_024 * 1_024;

/** Transports that reach one another by name. */
export interface MemoryNetwork {
  /** The transport of the node that is found under `name`, as `memory://name`. */
  transport(name: string, limits?: { readonly frameBytesMax: number }): Transport;
}

/** Creates a network of its own. */
export function createMemoryNetwork(): MemoryNetwork {
  const doors: Doors = new Map();
  return {
    transport: (name, limits) =>
      new MemoryTransport(`memory://${name}`, doors, limits?.frameBytesMax ?? FRAME_BYTES_MAX),
  };
}

type Accept = (end: End) => void;
type Doors = Map<string, Accept>;

class MemoryTransport implements Transport {
  readonly isLoopback = true;
  readonly #address: string;
  readonly #doors: Doors;
  readonly #frameBytesMax: number;
  readonly #ends = new Set<End>();

  constructor(address: string, doors: Doors, frameBytesMax: number) {
    this.#address = address;
    this.#doors = doors;
    this.#frameBytesMax = frameBytesMax;
  }

  async listen(accepted: (connection: Connection) => ConnectionListener): Promise<string> {
    if (this.#doors.has(this.#address)) {
      throw new MeshError("listen", `${this.#address} is taken. Choose another name`);
    }
    this.#doors.set(this.#address, (end) => {
      end.frameBytesMax = this.#frameBytesMax;
      this.#keep(end);
      end.open(accepted);
    });
    return this.#address;
  }

  dial(address: string, dial: Dial): void {
    setImmediate(() => {
      const door = this.#doors.get(address);
      if (!door) {
        dial.failed("nobody listens there");
        return;
      }
      const near = new End(address);
      const far = new End(this.#address);
      near.frameBytesMax = this.#frameBytesMax;
      far.unprovenBytesLeft = UNPROVEN_BYTES_MAX;
      near.peer = far;
      far.peer = near;
      this.#keep(near);
      near.open((connection) => dial.opened(connection));
      door(far);
    });
  }

  async close(): Promise<void> {
    this.#doors.delete(this.#address);
    await Promise.all([...this.#ends].map((end) => end.closeAndWait("closed")));
  }

  #keep(end: End): void {
    this.#ends.add(end);
    void end.isOver.then(() => this.#ends.delete(end));
  }
}

/** One end of a connection. */
class End {
  readonly #remote: string;
  readonly isOver: Promise<void>;
  frameBytesMax = FRAME_BYTES_MAX;
  unprovenBytesLeft = Number.POSITIVE_INFINITY;
  peer: End | undefined;
  #resolveOver: () => void = () => {};
  #listener: ConnectionListener | undefined;
  #isClosing = false;
  #bufferedBytes = 0;

  constructor(remote: string) {
    this.#remote = remote;
    this.isOver = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
  }

  open(opened: (connection: Connection) => ConnectionListener): void {
    const end = this;
    this.#listener = opened({
      remote: this.#remote,
      get bufferedBytes() {
        return end.#bufferedBytes;
      },
      send: (frame) => this.#send(frame),
      trust: () => {
        this.unprovenBytesLeft = Number.POSITIVE_INFINITY;
      },
      close: (reason) => this.hangUp(reason),
    });
  }

  hangUp(reason: string): void {
    this.#close({ reason, isPeerFault: false });
  }

  closeAndWait(reason: string): Promise<void> {
    this.hangUp(reason);
    return this.isOver;
  }

  #send(frame: Uint8Array): void {
    if (this.#isClosing) return;
    const copy = Uint8Array.from(frame);
    this.#bufferedBytes += copy.length;
    setImmediate(() => {
      this.#bufferedBytes -= copy.length;
      this.peer?.deliver(copy);
    });
  }

  deliver(frame: Uint8Array): void {
    if (this.#isClosing) return;
    this.unprovenBytesLeft -= frame.length;
    if (frame.length > this.frameBytesMax) this.#close(fault("a frame that is too large"));
    else if (this.unprovenBytesLeft < 0) {
      this.#close(fault("too many bytes before the proof of the secret"));
    } else this.#listener?.received(frame);
  }

  #close(closing: Closing): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    setImmediate(() => {
      this.peer?.hangUp(closing.reason);
      this.#listener?.closed(closing);
      this.#resolveOver();
    });
  }
}

function fault(reason: string): Closing {
  return { reason, isPeerFault: true };
}

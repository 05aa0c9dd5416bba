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
  #isClosed = false;

  constructor(address: string, doors: Doors, frameBytesMax: number) {
    this.#address = address;
    this.#doors = doors;
    this.#frameBytesMax = frameBytesMax;
  }

  async listen(accepted: (connection: Connection) => ConnectionListener): Promise<string> {
    if (this.#doors.has(this.#address)) {
      throw new MeshError("listen", `${this.#address} is taken. Choose another name`);
    }
    this.#isClosed = false;
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
      if (!door || this.#isClosed) {
        dial.failed(door ? "closed" : "nobody listens there");
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
    this.#isClosed = true;
    this.#doors.delete(this.#address);
    const open = [...this.#ends];
    for (const end of open) end.close("closed");
    await Promise.all(open.map((end) => end.isOver));
  }

  #keep(end: End): void {
    this.#ends.add(end);
    void end.isOver.then(() => this.#ends.delete(end));
  }
}

/** One end of a connection. */
class End implements Connection {
  readonly remote: string;
  readonly isOver: Promise<void>;
  frameBytesMax = FRAME_BYTES_MAX;
  unprovenBytesLeft = Number.POSITIVE_INFINITY;
  peer: End | undefined;
  #resolveOver: () => void = () => {};
  #listener: ConnectionListener | undefined;
  #isClosing = false;
  #bufferedBytes = 0;

  constructor(remote: string) {
    this.remote = remote;
    this.isOver = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  open(opened: (connection: Connection) => ConnectionListener): void {
    this.#listener = opened(this);
  }

  send(frame: Uint8Array): void {
    if (this.#isClosing) return;
    const copy = Uint8Array.from(frame);
    this.#bufferedBytes += copy.length;
    setImmediate(() => {
      this.#bufferedBytes -= copy.length;
      this.peer?.deliver(copy);
    });
  }

  trust(): void {
    this.unprovenBytesLeft = Number.POSITIVE_INFINITY;
  }

  close(reason: string): void {
    this.#end({ reason, isPeerFault: false });
  }

  deliver(frame: Uint8Array): void {
    if (this.#isClosing) return;
    this.unprovenBytesLeft -= frame.length;
    if (frame.length > this.frameBytesMax) {
      this.#end({ reason: "a frame that is too large", isPeerFault: true });
    } else if (this.unprovenBytesLeft < 0) {
      this.#end({ reason: "too many bytes before the proof of the secret", isPeerFault: true });
    } else this.#listener?.received(frame);
  }

  #end(closing: Closing): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    setImmediate(() => {
      this.peer?.close(closing.reason);
      this.#listener?.closed(closing);
      this.#resolveOver();
    });
  }
}

/**
 * From connections to links: the secret is proved on every connection before its first frame reaches
 * the replica, whichever transport carries it.
 *
 *   connection ──handshake──▶ link ──frames──▶ replica
 *        └─ refused, malformed, too slow, one stranger too many: closed, and told to the observer
 *
 * Invariants: 1. The observer hears of a link only after the proof, and of its end exactly once.
 * 2. At most `UNPROVEN_MAX` accepted connections have not proved the secret; at the brim the oldest
 * goes, so that strangers who keep connections open do not keep members out. 3. At most `LINKS_MAX`
 * links are open. 4. With a secret, what passes after the proof is sealed, and a frame that does not
 * open ends its link.
 *
 * Not here: which addresses to dial, and which of two links to a member stays (the replica).
 */
import type { DialFailure, LinkId, RefusalCode } from "@session-mesh/core";
import type { Credentials, Role } from "./handshake.js";
import { type ProvingFailure, proveConnection } from "./proving.js";
import { Seal } from "./seal.js";
import type { Connection, ConnectionListener, Transport } from "./transport.js";

/** Accepted connections that may wait for their proof at once: above the size of a mesh. */
const UNPROVEN_MAX = 256;

/** Links open at once: two for each member that a node remembers by default, and room. */
const LINKS_MAX = 1_024;

/** Said of a frame that was altered, repeated, moved or left out on the way. */
const UNFIT = "a frame that its seal does not fit";

/** A peer that was refused, or that refused us, on a connection that it had opened. */
export interface Refusal {
  readonly remote: string;
  readonly code: RefusalCode;
  readonly byPeer: boolean;
  readonly detail: string;
}

/** Who hears of links. Never called from inside a call on {@link Links}. */
export interface LinksObserver {
  opened(link: LinkId, dialled: string | undefined): void;
  received(link: LinkId, frame: Uint8Array): void;
  closed(link: LinkId, reason: string): void;
  dialFailed(address: string, failure: DialFailure): void;
  /** Someone who dialled this node was refused. */
  refused(refusal: Refusal): void;
  /** Someone sent what no peer sends. */
  misbehaved(remote: string, reason: string): void;
}

/** The bounds that depend on the node's limits. */
export interface LinksLimits {
  /** Bytes that may wait on one link; a peer so far behind is cut off and catches up later. */
  readonly sendBufferBytesMax: number;
}

/** A proved connection, and what seals its frames: nothing where there is no secret. */
interface OpenLink {
  readonly connection: Connection;
  readonly seal: Seal | undefined;
}

/** All links of a node. */
export class Links {
  readonly #transport: Transport;
  readonly #credentials: Credentials;
  readonly #observer: LinksObserver;
  readonly #limits: LinksLimits;
  readonly #links = new Map<LinkId, OpenLink>();
  /** The oldest first. */
  readonly #unproven = new Set<Connection>();
  #idLast = 0;

  constructor(
    transport: Transport,
    credentials: Credentials,
    options: { readonly observer: LinksObserver; readonly limits: LinksLimits },
  ) {
    this.#transport = transport;
    this.#credentials = credentials;
    this.#observer = options.observer;
    this.#limits = options.limits;
  }

  /** Starts to accept; resolves with the address where peers can dial this node. */
  listen(): Promise<string> {
    return this.#transport.listen((connection) => {
      this.#admit(connection);
      return this.#prove(connection, undefined);
    });
  }

  /** Tries to open a link; the observer hears `opened` or `dialFailed`. */
  dial(address: string): void {
    this.#transport.dial(address, {
      opened: (connection) => this.#prove(connection, address),
      failed: (detail) => this.#observer.dialFailed(address, { code: "unreachable", detail }),
    });
  }

  /** Queues a frame; without effect when the link is gone. */
  send(link: LinkId, frame: Uint8Array): void {
    const open = this.#links.get(link);
    if (!open) return;
    const { connection, seal } = open;
    connection.send(seal ? seal.seal(frame) : frame);
    if (connection.bufferedBytes > this.#limits.sendBufferBytesMax) {
      connection.close("the peer does not keep up");
    }
  }

  /** Flushes and closes; the observer hears `closed`. */
  close(link: LinkId, reason: string): void {
    this.#links.get(link)?.connection.close(reason);
  }

  /** Closes everything and stops accepting. */
  async closeAll(reason: string): Promise<void> {
    for (const { connection } of this.#links.values()) connection.close(reason);
    await this.#transport.close();
  }

  #admit(connection: Connection): void {
    this.#unproven.add(connection);
    if (this.#unproven.size <= UNPROVEN_MAX) return;
    for (const oldest of this.#unproven) {
      this.#unproven.delete(oldest);
      oldest.close("too many connections without a proof of the secret");
      return;
    }
  }

  #prove(connection: Connection, dialled: string | undefined): ConnectionListener {
    const role: Role = dialled === undefined ? "acceptor" : "dialer";
    const credentials = this.#credentials;
    const identity = { role, credentials };
    return proveConnection(connection, identity, {
      proved: (keyMaterial) => {
        this.#unproven.delete(connection);
        const seal = credentials.isSealed ? new Seal(role, keyMaterial) : undefined;
        return this.#link({ connection, seal }, dialled);
      },
      failed: (failure) => {
        this.#unproven.delete(connection);
        if (dialled === undefined) this.#acceptFailed(connection.remote, failure);
        else this.#dialFailed(dialled, failure);
      },
    });
  }

  #link(open: OpenLink, dialled: string | undefined): ConnectionListener {
    const observer = this.#observer;
    const { connection, seal } = open;
    this.#idLast += 1;
    const link = this.#idLast as LinkId;
    this.#links.set(link, open);
    observer.opened(link, dialled);
    if (this.#links.size > LINKS_MAX) connection.close("too many links");
    return {
      received: (sealed) => {
        const frame = seal ? seal.open(sealed) : sealed;
        if (frame) {
          observer.received(link, frame);
          return;
        }
        observer.misbehaved(connection.remote, UNFIT);
        connection.close(UNFIT);
      },
      closed: ({ reason, isPeerFault }) => {
        this.#links.delete(link);
        if (isPeerFault) observer.misbehaved(connection.remote, reason);
        observer.closed(link, reason);
      },
    };
  }

  #acceptFailed(remote: string, failure: ProvingFailure): void {
    if (failure.kind === "refused") {
      const { code, byPeer, detail } = failure;
      this.#observer.refused({ remote, code, byPeer, detail });
    } else if (failure.kind === "misbehaved") {
      this.#observer.misbehaved(remote, failure.detail);
    }
  }

  #dialFailed(address: string, failure: ProvingFailure): void {
    const { kind, detail } = failure;
    if (kind === "misbehaved") this.#observer.misbehaved(address, detail);
    if (kind !== "refused") {
      this.#observer.dialFailed(address, { code: "unreachable", detail });
      return;
    }
    const { code, byPeer } = failure;
    this.#observer.dialFailed(address, { code, byPeer, detail });
  }
}

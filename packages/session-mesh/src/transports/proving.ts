/**
 * One connection on its way to be a link: its frames go to the handshake until the secret is proved,
 * and from then on to whoever the proof made responsible.
 *
 * Not here: the exchange itself (handshake.ts), and what a link is for (links.ts).
 */
import type { Millis, RefusalCode } from "@session-mesh/core";
import { type Credentials, Handshake, type HandshakeStep, type Role } from "./handshake.js";
import type { Closing, Connection, ConnectionListener } from "./transport.js";

/** How long a handshake may take. */
const HANDSHAKE_DEADLINE_MS: Millis = 3_000;

/** Why a connection did not become a link. */
export type ProvingFailure =
  | {
      readonly kind: "refused";
      readonly code: RefusalCode;
      readonly byPeer: boolean;
      readonly detail: string;
    }
  | { readonly kind: "misbehaved"; readonly detail: string }
  | { readonly kind: "lost"; readonly detail: string };

/** Who hears how it went: one of the two, once. */
export interface ProvingObserver {
  /** The secret is proved; the listener returned hears everything from now on. */
  proved(keyMaterial: Uint8Array): ConnectionListener;
  failed(failure: ProvingFailure): void;
}

/** Begins the handshake on a connection that has just opened. */
export function proveConnection(
  connection: Connection,
  identity: { readonly role: Role; readonly credentials: Credentials },
  observer: ProvingObserver,
): ConnectionListener {
  // Undefined once it is over: a link lives long, and its key share must not live as long.
  let handshake: Handshake | undefined = new Handshake(identity.role, identity.credentials);
  let next: ConnectionListener | undefined;

  const end = (): void => {
    handshake = undefined;
    clearTimeout(deadline);
  };
  const fail = (failure: ProvingFailure): void => {
    end();
    connection.close(failure.detail);
    observer.failed(failure);
  };
  const deadline = setTimeout(() => {
    fail({ kind: "misbehaved", detail: "no proof of the secret in time" });
  }, HANDSHAKE_DEADLINE_MS);
  deadline.unref();

  const onStep = (step: HandshakeStep): void => {
    if (step.status === "malformed") {
      fail({ kind: "misbehaved", detail: step.reason });
      return;
    }
    if (step.reply) connection.send(step.reply);
    if (step.status === "refused") {
      const { code, byPeer, detail } = step;
      fail({ kind: "refused", code, byPeer, detail });
    } else if (step.status === "proved") {
      end();
      connection.trust();
      next = observer.proved(step.keyMaterial);
    }
  };

  const first = handshake.start();
  if (first) connection.send(first);
  return {
    received(frame) {
      if (next) next.received(frame);
      else if (handshake) onStep(handshake.receive(frame));
    },
    closed(closing) {
      if (next) next.closed(closing);
      else if (handshake) fail(toFailure(closing));
    },
  };
}

function toFailure({ reason, isPeerFault }: Closing): ProvingFailure {
  return { kind: isPeerFault ? "misbehaved" : "lost", detail: reason };
}

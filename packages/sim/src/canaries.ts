/**
 * Deliberate defects, made by tampering with frames on their way, so that no seam for them exists in
 * the code that production runs. The checkers must catch each of them, or they prove nothing.
 */
import { decodeFrame, encodeMessage, type Message } from "@session-mesh/core";
import type { Network } from "./network.js";

/** The name of a canary. */
export type Canary = "no-audit" | "no-tombstone" | "empty-push";

/** A defect. */
export interface CanaryDefect {
  /** What is broken. */
  readonly says: string;
  install(network: Network): void;
}

function tampering(
  says: string,
  defect: () => (message: Message) => Message | undefined,
): CanaryDefect {
  return {
    says,
    install: (network) => {
      const change = defect();
      network.tamper = (frame) => {
        const message = decodeFrame(frame);
        if (message.type === "decode-error") return frame;
        const changed = change(message);
        return changed === message ? frame : changed && encodeMessage(changed);
      };
    },
  };
}

/** The canaries by name. */
export const CANARIES: Readonly<Record<Canary, CanaryDefect>> = {
  "no-audit": tampering(
    "differences are never looked for",
    () => (message) => (message.type === "audit" ? undefined : message),
  ),
  "no-tombstone": tampering("a logout is not told to others", () => (message) => {
    const { type } = message;
    if (type !== "push" && type !== "sync" && type !== "ranged") return message;
    return {
      ...message,
      items: message.items.filter((item) => item.kind !== "tombstone"),
    } as Message;
  }),
  "empty-push": tampering("every tenth push arrives without its writes", () => {
    let pushes = 0;
    return (message) => {
      if (message.type !== "push") return message;
      pushes += 1;
      return pushes % 10 === 0 ? { ...message, items: [] } : message;
    };
  }),
};

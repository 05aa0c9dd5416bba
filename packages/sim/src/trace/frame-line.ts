/**
 * What a frame says, in a few words, for readers of a trace.
 *
 * Not here: what frames mean (docs/PROTOCOL.md).
 */
import { decodeFrame, type Message } from "@session-mesh/core";

/** A line about a frame. */
export function frameLine(frame: Uint8Array): string {
  const message = decodeFrame(frame);
  if (message.type === "decode-error") return `? ${message.reason} (${frame.length} B)`;
  const said = wordsOf(message);
  return `${message.type}${said === "" ? "" : ` ${said}`} (${frame.length} B)`;
}

function wordsOf(message: Message): string {
  switch (message.type) {
    case "push": {
      const { fromSeqExclusive, toSeqInclusive, items } = message;
      return `${fromSeqExclusive}→${toSeqInclusive} ${items.map(itemWords).join(" ")}`;
    }
    case "sync":
      return `#${message.request} ${message.items.map(itemWords).join(" ")}`;
    case "ack":
    case "integrated":
      return `${message.seq}`;
    case "resume":
    case "heartbeat":
      return `have ${message.haveSeq}`;
    case "pull":
      return `#${message.request} ${message.session}`;
    case "pulled":
      return `#${message.request} ${message.item ? itemWords(message.item) : "not held"}`;
    case "members":
      return message.members.map(({ node, state }) => `${node}=${state}`).join(" ");
    case "refuse":
      return `${message.code}: ${message.detail}`;
    default:
      return "";
  }
}

function itemWords(item: { readonly kind: string; readonly session: string }): string {
  return `${item.kind}:${item.session}`;
}

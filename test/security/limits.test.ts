/** P12, P14: what a member may send is bounded before it is sealed, so that limits mean what they say. */
import type { LinkId } from "@session-mesh/core";
import type { Event } from "session-mesh";
import { afterEach, expect, test, vi } from "vitest";
import { createCredentials } from "../../packages/session-mesh/src/transports/handshake.js";
import { Links } from "../../packages/session-mesh/src/transports/links.js";
import { createWebSocketTransport } from "../../packages/session-mesh/src/transports/ws.js";
import { pack } from "../fuzz/message-pack.js";
import { closeNodes, SECRET, startNode } from "./nodes.js";

const FRAME_BYTES_MAX = 1_048_576;

/** A message of a type of tomorrow, so many bytes long. */
function messageOf(length: number): Uint8Array {
  const overhead = pack([200, new Uint8Array()]).length;
  return pack([200, new Uint8Array(length - overhead)]);
}

afterEach(closeNodes);

test("a sealed frame of the largest size is taken, one byte more ends the link", async () => {
  const events: Event[] = [];
  const node = await startNode({
    secret: SECRET,
    limits: { frameBytesMax: FRAME_BYTES_MAX },
    onEvent: (event) => void events.push(event),
  });
  const transport = createWebSocketTransport(
    { host: "127.0.0.1", port: 0 },
    { frameBytesMax: 2 * FRAME_BYTES_MAX },
  );
  const closings: string[] = [];
  let link: LinkId | undefined;
  const links = new Links(transport, createCredentials("default", [SECRET]), {
    limits: { sendBufferBytesMax: 10 * FRAME_BYTES_MAX },
    observer: {
      opened: (opened) => void (link = opened),
      received() {},
      closed: (_link, reason) => void closings.push(reason),
      dialFailed: (_address, { detail }) => expect.fail(detail),
      refused() {},
      misbehaved() {},
    },
  });
  links.dial(node.address);
  await vi.waitFor(() => expect(link).toBeDefined());
  const unknownCount = (): number => events.filter(({ type }) => type === "message-unknown").length;
  links.send(link as LinkId, messageOf(FRAME_BYTES_MAX));
  await vi.waitFor(() => expect(unknownCount()).toBe(1), 5_000);
  expect(closings).toEqual([]);
  links.send(link as LinkId, messageOf(FRAME_BYTES_MAX + 1));
  await vi.waitFor(() => expect(closings).toHaveLength(1), 5_000);
  expect(unknownCount()).toBe(1);
  await links.closeAll("the test is over");
});

/** From connections to links: nothing reaches a replica before the proof, and strangers are bounded. */
import type { LinkId } from "@session-mesh/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCredentials, Handshake } from "./handshake.js";
import { Links } from "./links.js";
import { proveConnection } from "./proving.js";
import { createMemoryNetwork, type MemoryNetwork } from "./memory.js";
import type { Connection, Transport } from "./transport.js";

const SECRET = "a secret that is long enough";
const CREDENTIALS = createCredentials("shop", [SECRET]);

let network: MemoryNetwork;
let opened: Station[];

beforeEach(() => {
  network = createMemoryNetwork();
  opened = [];
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(opened.map(({ links }) => links.closeAll("the test is over")));
});

/** A node's links, and everything that its observer heard. */
class Station {
  readonly links: Links;
  readonly heard: string[] = [];
  readonly frames: [LinkId, Uint8Array][] = [];
  readonly open: LinkId[] = [];

  constructor(
    name: string,
    credentials = CREDENTIALS,
    sendBufferBytesMax = 1_000_000,
    transport = network.transport(name),
  ) {
    this.links = new Links(transport, credentials, {
      limits: { sendBufferBytesMax },
      observer: {
        opened: (link, dialled) => {
          this.heard.push(`opened ${dialled ?? "accepted"}`);
          this.open.push(link);
          // As a replica does: its first frame leaves in the same breath.
          this.links.send(link, Buffer.from(`hello from ${name}`));
        },
        received: (link, frame) => void this.frames.push([link, frame]),
        closed: (_link, reason) => void this.heard.push(`closed ${reason}`),
        dialFailed: (address, failure) => {
          const by = "byPeer" in failure && !failure.byPeer ? " by us" : "";
          this.heard.push(`dial failed ${address} ${failure.code}${by}: ${failure.detail}`);
        },
        refused: ({ remote, code, byPeer }) =>
          void this.heard.push(`refused ${remote} ${code} ${byPeer ? "by peer" : "by us"}`),
        misbehaved: (remote, reason) => void this.heard.push(`misbehaved ${remote}: ${reason}`),
      },
    });
    opened.push(this);
  }

  async listen(): Promise<this> {
    await this.links.listen();
    return this;
  }

  texts(): string[] {
    return this.frames.map(([, frame]) => Buffer.from(frame).toString());
  }
}

/** A stranger with a raw connection to `address`. */
function stranger(address: string, name = "stranger") {
  const transport: Transport = network.transport(name);
  const frames: Uint8Array[] = [];
  const reasons: string[] = [];
  return new Promise<{ connection: Connection; frames: Uint8Array[]; reasons: string[] }>(
    (resolve, reject) => {
      transport.dial(address, {
        opened: (connection) => {
          resolve({ connection, frames, reasons });
          return {
            received: (frame) => void frames.push(frame),
            closed: ({ reason }) => void reasons.push(reason),
          };
        },
        failed: reject,
      });
    },
  );
}

/** A tap on what a transport's dialled connections send and receive; alters a frame when told to. */
function createWire() {
  const frames: Uint8Array[] = [];
  let isAltering = false;
  const pass = (frame: Uint8Array): Uint8Array => {
    frames.push(Uint8Array.from(frame));
    const isAltered = isAltering;
    isAltering = false;
    return frame.map((byte, i) => (isAltered && i === 0 ? byte ^ 1 : byte));
  };
  const tap = (connection: Connection): Connection => ({
    remote: connection.remote,
    get bufferedBytes() {
      return connection.bufferedBytes;
    },
    send: (frame) => connection.send(pass(frame)),
    trust: () => connection.trust(),
    close: (reason) => connection.close(reason),
  });
  return {
    seen: () => Buffer.concat(frames).toString("latin1"),
    alterNext: () => void (isAltering = true),
    wrap: (transport: Transport): Transport => ({
      isLoopback: true,
      listen: (accepted) => transport.listen(accepted),
      close: () => transport.close(),
      dial: (address, dial) =>
        transport.dial(address, {
          opened(connection) {
            const listener = dial.opened(tap(connection));
            return {
              received: (frame) => listener.received(pass(frame)),
              closed: (closing) => listener.closed(closing),
            };
          },
          failed: (detail) => dial.failed(detail),
        }),
    }),
  };
}

describe("P12: links", () => {
  test("open at both ends once the secret is proved, and carry frames from the first one on", async () => {
    const [a, b] = [await new Station("a").listen(), await new Station("b").listen()];
    a.links.dial("memory://b");
    await vi.waitFor(() => expect(a.texts()).toEqual(["hello from b"]));
    await vi.waitFor(() => expect(b.texts()).toEqual(["hello from a"]));
    expect(a.heard).toEqual(["opened memory://b"]);
    expect(b.heard).toEqual(["opened accepted"]);
  });

  test("close with the reason at both ends, once", async () => {
    const [a, b] = [await new Station("a").listen(), await new Station("b").listen()];
    a.links.dial("memory://b");
    await vi.waitFor(() => expect(b.frames).toHaveLength(1));
    a.links.close(a.open[0] as LinkId, "no more");
    a.links.close(a.open[0] as LinkId, "no more");
    await vi.waitFor(() => expect(b.heard).toEqual(["opened accepted", "closed no more"]));
    expect(a.heard).toEqual(["opened memory://b", "closed no more"]);
    a.links.send(a.open[0] as LinkId, Uint8Array.of(1));
    a.links.close(a.open[0] as LinkId, "again");
  });

  test("a wrong secret: no link at either end, and both are told", async () => {
    const wrong = createCredentials("shop", ["another secret, long enough"]);
    const [a, b] = [await new Station("a", wrong).listen(), await new Station("b").listen()];
    a.links.dial("memory://b");
    await vi.waitFor(() => expect(b.heard).toEqual(["refused memory://a proof by us"]));
    await vi.waitFor(() =>
      expect(a.heard).toEqual(["dial failed memory://b proof: it does not know the secret"]),
    );
    expect([...a.frames, ...b.frames]).toEqual([]);
  });

  test("a dialler that will not have the other end says that it was itself who refused", async () => {
    const a = await new Station("a").listen();
    const impostor = network.transport("impostor");
    await impostor.listen((connection) => {
      const handshake = new Handshake("acceptor", CREDENTIALS);
      return {
        received: (frame) => {
          const step = handshake.receive(frame);
          const isProved = step.status === "proved";
          if (isProved) connection.send(Uint8Array.of(4, ...new Uint8Array(32)));
          else if (step.status === "waiting") connection.send(step.reply);
        },
        closed: () => {},
      };
    });
    a.links.dial("memory://impostor");
    const failed = "dial failed memory://impostor proof by us: it does not know the secret";
    await vi.waitFor(() => expect(a.heard).toEqual([failed]));
    await impostor.close();
  });

  test("another cluster: the dialer learns that, and nothing else", async () => {
    const blog = createCredentials("blog", [SECRET]);
    const [a, b] = [await new Station("a", blog).listen(), await new Station("b").listen()];
    a.links.dial("memory://b");
    await vi.waitFor(() => expect(a.heard[0]).toMatch(/^dial failed memory:\/\/b cluster/));
    expect(b.heard).toEqual(["refused memory://a cluster by us"]);
  });

  test("frames of a stranger never reach the replica; its connection is closed and told about", async () => {
    const a = await new Station("a").listen();
    const { connection, reasons, frames } = await stranger("memory://a");
    connection.send(Buffer.from("let me in"));
    connection.send(Buffer.from("please"));
    await vi.waitFor(() => expect(reasons).toHaveLength(1));
    expect(a.frames).toEqual([]);
    expect(frames).toEqual([]);
    expect(a.heard).toEqual([
      "misbehaved memory://stranger: a frame that is not part of the handshake",
    ]);
  });

  test("frames that ride on the heels of a wrong proof are not looked at", async () => {
    const a = await new Station("a").listen();
    const { connection, frames } = await stranger("memory://a");
    const wrong = createCredentials("shop", ["another secret, long enough"]);
    const handshake = new Handshake("dialer", wrong);
    connection.send(handshake.start() as Uint8Array);
    await vi.waitFor(() => expect(frames).toHaveLength(1));
    const step = handshake.receive(frames[0] as Uint8Array);
    connection.send((step as { reply: Uint8Array }).reply);
    connection.send(Buffer.from("a frame for the replica"));
    await vi.waitFor(() => expect(a.heard).toEqual(["refused memory://stranger proof by us"]));
    await vi.waitFor(() => expect(frames).toHaveLength(2));
    expect(a.frames).toEqual([]);
  });

  test("a stranger gets one attempt, even where frames still arrive after the close", async () => {
    const sent: Uint8Array[] = [];
    const observer = { proved: () => expect.fail("proved"), failed: () => heard.push("failed") };
    const heard: string[] = [];
    const connection: Connection = {
      remote: "10.0.0.9:1",
      bufferedBytes: 0,
      send: (frame) => void sent.push(frame),
      trust: () => void heard.push("trusted"),
      close: () => void heard.push("closing"),
    };
    const identity = { role: "acceptor", credentials: CREDENTIALS } as const;
    const listener = proveConnection(connection, identity, observer);
    const handshake = new Handshake("dialer", CREDENTIALS);
    listener.received(handshake.start() as Uint8Array);
    listener.received(Buffer.from("nonsense"));
    const proof = handshake.receive(sent[0] as Uint8Array);
    listener.received((proof as { reply: Uint8Array }).reply);
    listener.closed({ reason: "over", isPeerFault: false });
    expect(heard).toEqual(["closing", "failed"]);
    expect(sent).toHaveLength(1);
  });

  test("a stranger who says nothing is closed in time", async () => {
    const a = await new Station("a").listen();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { reasons } = await stranger("memory://a");
    vi.advanceTimersByTime(3_001);
    await vi.waitFor(() => expect(reasons).toEqual(["no proof of the secret in time"]));
    expect(a.heard).toEqual(["misbehaved memory://stranger: no proof of the secret in time"]);
  });

  test("however many strangers hang on, a member still gets in: the oldest stranger goes", async () => {
    const a = await new Station("a").listen();
    const crowd = await Promise.all(
      Array.from({ length: 300 }, (_, i) => stranger("memory://a", `stranger-${i}`)),
    );
    await vi.waitFor(() =>
      expect(crowd.filter(({ reasons }) => reasons.length > 0)).toHaveLength(44),
    );
    expect(crowd.slice(0, 44).every(({ reasons }) => reasons.length === 1)).toBe(true);
    const b = await new Station("b").listen();
    b.links.dial("memory://a");
    await vi.waitFor(() => expect(a.texts()).toEqual(["hello from b"]));
  });

  test("what passes on them is sealed, and one altered frame ends the link at both ends", async () => {
    const wire = createWire();
    const a = await new Station("a").listen();
    const b = new Station("b", CREDENTIALS, 1_000_000, wire.wrap(network.transport("b")));
    b.links.dial("memory://a");
    await vi.waitFor(() => expect(a.texts()).toEqual(["hello from b"]));
    await vi.waitFor(() => expect(b.texts()).toEqual(["hello from a"]));
    expect(wire.seen().length).toBeGreaterThan(250);
    expect(wire.seen()).not.toContain("hello");
    wire.alterNext();
    b.links.send(b.open[0] as LinkId, Buffer.from("a frame"));
    b.links.send(b.open[0] as LinkId, Buffer.from("another frame"));
    const reason = "a frame that its seal does not fit";
    await vi.waitFor(() => expect(b.heard.at(-1)).toBe(`closed ${reason}`));
    expect(a.heard).toEqual([
      "opened accepted",
      `misbehaved memory://b: ${reason}`,
      `closed ${reason}`,
    ]);
    expect(a.texts()).toEqual(["hello from b"]);
  });

  test("without a secret, on loopback only, they are not sealed", async () => {
    const wire = createWire();
    const open = createCredentials("shop", []);
    const a = await new Station("a", open).listen();
    const b = new Station("b", open, 1_000_000, wire.wrap(network.transport("b")));
    b.links.dial("memory://a");
    await vi.waitFor(() => expect(a.texts()).toEqual(["hello from b"]));
    expect(wire.seen()).toContain("hello from b");
  });

  test("nobody there: the dial fails as unreachable", async () => {
    const a = await new Station("a").listen();
    a.links.dial("memory://nobody");
    await vi.waitFor(() =>
      expect(a.heard).toEqual(["dial failed memory://nobody unreachable: nobody listens there"]),
    );
  });

  test("a peer that closes during the handshake leaves the dial unreachable, not refused", async () => {
    const a = await new Station("a").listen();
    const rude = network.transport("rude");
    await rude.listen((connection) => {
      connection.close("not today");
      return { received: () => {}, closed: () => {} };
    });
    a.links.dial("memory://rude");
    await vi.waitFor(() =>
      expect(a.heard).toEqual(["dial failed memory://rude unreachable: not today"]),
    );
  });

  test("a peer that does not keep up is cut off instead of buffered without bound", async () => {
    const a = await new Station("a", CREDENTIALS, 10_000).listen();
    const b = await new Station("b").listen();
    a.links.dial("memory://b");
    await vi.waitFor(() => expect(b.frames).toHaveLength(1));
    for (let i = 0; i < 3; i++) a.links.send(a.open[0] as LinkId, new Uint8Array(4_000));
    await vi.waitFor(() => expect(a.heard.at(-1)).toBe("closed the peer does not keep up"));
    expect(b.heard.at(-1)).toBe("closed the peer does not keep up");
  });
});

/**
 * What every transport must do, whatever carries its frames: run on memory and on WebSockets, and by
 * any transport that is added.
 *
 * Not here: what one transport alone does (its own test), and the proof of the secret.
 */
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Closing, Connection, Transport } from "session-mesh";

/** Makes transports that can reach one another, the unproven being allowed 4,096 bytes. */
export interface TransportFixture {
  create(limits: { frameBytesMax: number }): Transport;
  /** An address of the right form where nobody listens. */
  readonly deadAddress: string;
}

const FRAME_BYTES_MAX = 1_048_576;
const UNPROVEN_BYTES_MAX = 4_096;

/** A connection as one end saw it. */
interface Seen {
  readonly connection: Connection;
  readonly frames: Uint8Array[];
  readonly closings: Closing[];
}

/** A transport that listens, and everything that it was told. */
class Station {
  readonly transport: Transport;
  readonly accepted: Seen[] = [];
  address = "";

  constructor(transport: Transport) {
    this.transport = transport;
  }

  async listen(): Promise<this> {
    this.address = await this.transport.listen((connection) => {
      const seen = watch(connection);
      this.accepted.push(seen.seen);
      return seen.listener;
    });
    return this;
  }

  dial(address: string): Promise<Seen> {
    return new Promise((resolve, reject) => {
      this.transport.dial(address, {
        opened(connection) {
          const { seen, listener } = watch(connection);
          resolve(seen);
          return listener;
        },
        failed: (detail) => reject(new Error(detail)),
      });
    });
  }
}

function watch(connection: Connection) {
  const seen: Seen = { connection, frames: [], closings: [] };
  const listener = {
    received: (frame: Uint8Array) => void seen.frames.push(Uint8Array.from(frame)),
    closed: (closing: Closing) => void seen.closings.push(closing),
  };
  return { seen, listener };
}

const bytes = (length: number, seed = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff);

/** Frames as text of which unequal ones differ: far quicker to compare than arrays of numbers. */
const digests = (frames: readonly Uint8Array[]): string[] =>
  frames.map((frame) => `${frame.length} ${createHash("sha1").update(frame).digest("hex")}`);

export function transportSuite(name: string, createFixture: () => TransportFixture): void {
  describe(`the ${name} transport`, () => {
    let fixture: TransportFixture;
    let stations: Station[];

    const station = async (): Promise<Station> => {
      const made = new Station(fixture.create({ frameBytesMax: FRAME_BYTES_MAX }));
      stations.push(made);
      return made.listen();
    };
    const pair = async () => {
      const [near, far] = [await station(), await station()];
      const dialled = await near.dial(far.address);
      await vi.waitFor(() => expect(far.accepted).toHaveLength(1));
      const accepted = far.accepted[0] as Seen;
      accepted.connection.trust();
      return { near, far, dialled, accepted };
    };

    beforeEach(() => {
      fixture = createFixture();
      stations = [];
    });
    afterEach(async () => {
      await Promise.all(stations.map(({ transport }) => transport.close()));
    });

    test("carries frames both ways, whole and in order", async () => {
      const { dialled, accepted } = await pair();
      const lengths = [1, 5, 125, 126, 65_535, 65_536, 200_000, 2];
      for (const length of lengths) dialled.connection.send(bytes(length, 1));
      for (const length of lengths) accepted.connection.send(bytes(length, 2));
      await vi.waitFor(() => expect(accepted.frames).toHaveLength(lengths.length));
      await vi.waitFor(() => expect(dialled.frames).toHaveLength(lengths.length));
      const sent = (seed: number) => digests(lengths.map((length) => bytes(length, seed)));
      expect(digests(accepted.frames)).toEqual(sent(1));
      expect(digests(dialled.frames)).toEqual(sent(2));
    });

    test("keeps the order of a thousand frames that are sent at once", async () => {
      const { dialled, accepted } = await pair();
      for (let i = 0; i < 1_000; i++) dialled.connection.send(Uint8Array.of(i & 0xff, i >> 8));
      await vi.waitFor(() => expect(accepted.frames).toHaveLength(1_000));
      expect(accepted.frames.every((frame, i) => frame[0] === (i & 0xff))).toBe(true);
    });

    test("a hub keeps the frames of its spokes apart", async () => {
      const hub = await station();
      const spokes = await Promise.all([station(), station(), station()]);
      const links = [];
      for (const [i, spoke] of spokes.entries()) {
        links.push(await spoke.dial(hub.address));
        links[i]?.connection.send(Uint8Array.of(i));
      }
      await vi.waitFor(() =>
        expect(hub.accepted.map(({ frames }) => frames.length)).toEqual([1, 1, 1]),
      );
      for (const { connection, frames } of hub.accepted) {
        connection.send(Uint8Array.of(100 + (frames[0]?.[0] ?? 0)));
      }
      for (const [i, link] of links.entries()) {
        await vi.waitFor(() => expect(link.frames).toEqual([Uint8Array.of(100 + i)]));
      }
    });

    test("a full mesh of four, in which everybody dials everybody", async () => {
      const all = await Promise.all([station(), station(), station(), station()]);
      const dials = all.flatMap((from, i) =>
        all
          .filter((to) => to !== from)
          .map(async (to) => {
            const link = await from.dial(to.address);
            link.connection.send(Uint8Array.of(i));
          }),
      );
      await Promise.all(dials);
      for (const [i, { accepted }] of all.entries()) {
        await vi.waitFor(() => {
          const senders = accepted.map(({ frames }) => frames[0]?.[0] ?? -1).sort();
          expect(senders).toEqual([0, 1, 2, 3].filter((other) => other !== i));
        });
      }
    });

    test("takes a frame of the largest size, and closes on a larger one as the peer's fault", async () => {
      const { dialled, accepted } = await pair();
      dialled.connection.send(bytes(FRAME_BYTES_MAX));
      await vi.waitFor(() => expect(accepted.frames).toHaveLength(1));
      dialled.connection.send(bytes(FRAME_BYTES_MAX + 1));
      await vi.waitFor(() => expect(accepted.closings).toHaveLength(1));
      expect(accepted.closings[0]?.isPeerFault).toBe(true);
      expect(accepted.frames).toHaveLength(1);
      await vi.waitFor(() => expect(dialled.closings).toHaveLength(1));
    });

    test("closes on the dialler too, when it is sent too large a frame", async () => {
      const { dialled, accepted } = await pair();
      accepted.connection.send(bytes(FRAME_BYTES_MAX + 1));
      await vi.waitFor(() => expect(dialled.closings[0]?.isPeerFault).toBe(true));
      await vi.waitFor(() => expect(accepted.closings).toHaveLength(1));
    });

    test.each(["dialled", "accepted"] as const)(
      "the %s end closes: what was sent before arrives, and the other end hears why, once",
      async (closer) => {
        const ends = await pair();
        const near = ends[closer];
        const far = closer === "dialled" ? ends.accepted : ends.dialled;
        near.connection.send(bytes(100_000));
        near.connection.close("enough for today");
        near.connection.close("said twice");
        near.connection.send(Uint8Array.of(1));
        await vi.waitFor(() => expect(near.closings).toHaveLength(1));
        await vi.waitFor(() => expect(far.closings).toHaveLength(1));
        expect(digests(far.frames)).toEqual(digests([bytes(100_000)]));
        expect(far.closings[0]).toEqual({ reason: "enough for today", isPeerFault: false });
        expect(near.closings[0]).toEqual({ reason: "enough for today", isPeerFault: false });
      },
    );

    test("calls no listener from inside a call on the connection", async () => {
      const { dialled, accepted } = await pair();
      dialled.connection.send(Uint8Array.of(1));
      dialled.connection.close("now");
      expect(accepted.frames).toHaveLength(0);
      expect(dialled.closings).toHaveLength(0);
      await vi.waitFor(() => expect(dialled.closings).toHaveLength(1));
    });

    test("tells how many bytes wait, and that they left", async () => {
      const { dialled, accepted } = await pair();
      expect(dialled.connection.bufferedBytes).toBe(0);
      for (let i = 0; i < 20; i++) dialled.connection.send(bytes(500_000));
      expect(dialled.connection.bufferedBytes).toBeGreaterThan(0);
      await vi.waitFor(() => expect(accepted.frames).toHaveLength(20), 10_000);
      await vi.waitFor(() => expect(dialled.connection.bufferedBytes).toBe(0), 10_000);
    });

    test("P12: an accepted end that is not trusted is closed when it sends too much", async () => {
      const [near, far] = [await station(), await station()];
      const dialled = await near.dial(far.address);
      dialled.connection.send(bytes(UNPROVEN_BYTES_MAX / 2));
      await vi.waitFor(() => expect(far.accepted[0]?.frames).toHaveLength(1));
      for (let i = 0; i < 3; i++) dialled.connection.send(bytes(UNPROVEN_BYTES_MAX / 2));
      await vi.waitFor(() => expect(far.accepted[0]?.closings[0]?.isPeerFault).toBe(true));
      await vi.waitFor(() => expect(dialled.closings).toHaveLength(1));
    });

    test("P12: one large frame of the untrusted never arrives", async () => {
      const [near, far] = [await station(), await station()];
      const dialled = await near.dial(far.address);
      dialled.connection.send(bytes(FRAME_BYTES_MAX));
      await vi.waitFor(() => expect(far.accepted[0]?.closings[0]?.isPeerFault).toBe(true));
      expect(far.accepted[0]?.frames).toHaveLength(0);
    });

    test("a dial to nobody fails, and not from inside the call", async () => {
      const near = await station();
      let isReturned = false;
      const dialling = near.dial(fixture.deadAddress).catch((error: Error) => {
        expect(isReturned).toBe(true);
        return error.message;
      });
      isReturned = true;
      expect(await dialling).toMatch(/\w/);
    });

    test.each([
      "",
      "nonsense",
      "ws://",
      "http://[::1",
      "memory://",
      "ws://256.1.1.1:1/",
      "http://127.0.0.1:9/",
    ])("a dial to %j fails like any other", async (address) => {
      const near = await station();
      await expect(near.dial(address)).rejects.toThrow();
    });

    test("closing ends every connection and frees the address", async () => {
      const { near, far, dialled, accepted } = await pair();
      await far.transport.close();
      expect(accepted.closings).toHaveLength(1);
      await vi.waitFor(() => expect(dialled.closings).toHaveLength(1));
      await expect(near.dial(far.address)).rejects.toThrow();
    });

    test("closing ends a dial that is under way", async () => {
      const [near, far] = [await station(), await station()];
      const dialling = near.dial(far.address).then(
        (seen) => vi.waitFor(() => expect(seen.closings).toHaveLength(1)),
        () => "failed",
      );
      await near.transport.close();
      await dialling;
    });
  });
}

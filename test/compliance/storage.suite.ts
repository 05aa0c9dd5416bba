/** What every place to store sessions must do; run on each of them. */
import type { OpenStorage, SessionId, SessionStorage } from "session-mesh";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** Makes a place of its own for each test. */
export interface StoragePlace {
  /** Storage in the same place each time it is called. */
  create(): SessionStorage;
  clean(): Promise<void>;
}

const named = (name: string): SessionId => name.padEnd(22, "_") as SessionId;
const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

/** The suite. */
export function describeStorage(name: string, prepare: () => Promise<StoragePlace>): void {
  describe(`storage: ${name}`, () => {
    let place: StoragePlace;
    let open: OpenStorage;

    beforeEach(async () => {
      place = await prepare();
      open = await place.create().open();
    });

    afterEach(async () => {
      await open.close();
      await place.clean();
    });

    const reopen = async (): Promise<void> => {
      await open.close();
      open = await place.create().open();
    };

    const stored = (): Record<string, number[]> =>
      Object.fromEntries(
        Array.from(open.records(), ({ session, bytes: each }) => [session, [...each]]),
      );

    test("is empty at first", () => {
      expect(open.manifest()).toBeUndefined();
      expect(stored()).toEqual({});
    });

    test("holds the last that was put, and nothing that was removed, also when opened again", async () => {
      const puts = ["a", "b", "c"].map((each) => ({ session: named(each), bytes: bytes(1, 2) }));
      await open.write({ puts, removals: [] });
      await open.write({
        puts: [{ session: named("a"), bytes: bytes(3) }],
        removals: [named("b"), named("never-there")],
      });
      const expected = { [named("a")]: [3], [named("c")]: [1, 2] };
      expect(stored()).toEqual(expected);
      await reopen();
      expect(stored()).toEqual(expected);
    });

    test("keeps a manifest beside the sessions", async () => {
      await open.setManifest(bytes(7, 8));
      await open.write({ puts: [{ session: named("a"), bytes: bytes(1) }], removals: [] });
      await reopen();
      expect([...(open.manifest() ?? [])]).toEqual([7, 8]);
      expect(Object.keys(stored())).toEqual([named("a")]);
      await open.setManifest(bytes(9));
      await reopen();
      expect([...(open.manifest() ?? [])]).toEqual([9]);
    });

    test("takes names that differ in one letter's case apart, and any bytes", async () => {
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      const puts = ["aB", "Ab", "-_", "00"].map((each) => ({ session: named(each), bytes: all }));
      await open.write({ puts, removals: [] });
      await reopen();
      expect(Object.keys(stored()).length).toBe(4);
      expect(Object.values(stored()).every((each) => each.length === 256)).toBe(true);
    });

    test("takes a record of a megabyte, a thousand at once, and nothing at all", async () => {
      const large = new Uint8Array(1 << 20).fill(5);
      await open.write({ puts: [{ session: named("large"), bytes: large }], removals: [] });
      const puts = Array.from({ length: 1_000 }, (_, i) => {
        return { session: named(`s${i}`), bytes: bytes(i & 255) };
      });
      await open.write({ puts, removals: [] });
      await open.write({ puts: [], removals: [] });
      await reopen();
      const sizes = Array.from(open.records(), (record) => record.bytes.length);
      expect(sizes.length).toBe(1_001);
      expect(Math.max(...sizes)).toBe(1 << 20);
    });

    test("what was given to it may be changed by its owner afterwards", async () => {
      const given = bytes(1, 2, 3);
      await open.write({ puts: [{ session: named("a"), bytes: given }], removals: [] });
      given.fill(0);
      expect(stored()[named("a")]).toEqual([1, 2, 3]);
    });

    test("is closed after what is being written", async () => {
      const writing = open.write({
        puts: [{ session: named("a"), bytes: bytes(1) }],
        removals: [],
      });
      await reopen();
      await writing;
      expect(stored()).toEqual({ [named("a")]: [1] });
    });

    test("one at a time has it open", async () => {
      await expect(place.create().open()).rejects.toMatchObject({ code: "storage" });
      await open.close();
      open = await place.create().open();
    });
  });
}

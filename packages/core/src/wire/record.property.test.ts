/** Records: what was stored comes back as it was, and nothing else comes back at all. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SessionId } from "../ids.js";
import { WHOLE } from "./model/arbitraries.suite.js";
import { decodeRecord, encodeRecord, type RecordKey, sealRecord } from "./record.js";

const KEY: RecordKey = [11, 22];
const OTHER_KEY: RecordKey = [11, 23];

test("an item comes back as it was stored, unknown fields included", () => {
  fc.assert(
    fc.property(WHOLE, (stored) => {
      const record = encodeRecord(stored, KEY);
      expect(decodeRecord(record, { session: stored.session, key: KEY })).toEqual(stored);
    }),
  );
});

test("a record that was cut short, altered, or stored under another name is damaged", () => {
  fc.assert(
    fc.property(WHOLE, fc.nat(), fc.integer({ min: 1, max: 255 }), (stored, at, flip) => {
      const record = encodeRecord(stored, KEY);
      const { session } = stored;
      const altered = record.slice();
      altered[at % record.length]! ^= flip;
      const cut = record.subarray(0, at % record.length);
      for (const bytes of [altered, cut, new Uint8Array([...record, flip])]) {
        expect(decodeRecord(bytes, { session, key: KEY })).toBe("damaged");
      }
      const other = `${session.slice(1)}${session[0] === "A" ? "B" : "A"}` as SessionId;
      expect(decodeRecord(record, { session: other, key: KEY })).toBe("damaged");
    }),
  );
});

test("a record of another cluster is damaged", () => {
  fc.assert(
    fc.property(WHOLE, (stored) => {
      const record = encodeRecord(stored, OTHER_KEY);
      expect(decodeRecord(record, { session: stored.session, key: KEY })).toBe("damaged");
    }),
  );
});

test("P11: a newer version, or an item of an unknown kind, is told apart from damage", () => {
  const session = "A".repeat(22) as SessionId;
  const unknownKind = new Uint8Array([0x92, 0xb6, ...session.split("").map(() => 0x41), 0x07]);
  const open = { session, key: KEY };
  const newerVersion = sealRecord(new Uint8Array([0xc1, 0xff]), { version: 2, key: KEY });
  expect(decodeRecord(newerVersion, open)).toBe("newer");
  expect(decodeRecord(sealRecord(unknownKind, { version: 1, key: KEY }), open)).toBe("newer");
});

test("P12: hostile bytes behind a right checksum are damaged, and never throw", () => {
  const session = "A".repeat(22) as SessionId;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(0, 1), (body, version) => {
      const record = sealRecord(body, { version, key: KEY });
      expect(["damaged", "newer"]).toContain(decodeRecord(record, { session, key: KEY }));
    }),
  );
});

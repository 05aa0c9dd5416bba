/** Tokens as text: what comes back of them, and what is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeToken, encodeToken } from "./version-token.js";

const ID = "an id";
const SECRETS = ["new", "old"];

const writers = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const vectors = fc
  .uniqueArray(fc.tuple(writers, fc.integer({ min: 1, max: 16_383 })), {
    minLength: 1,
    maxLength: 3,
    selector: ([writer]) => writer,
  })
  .map((pairs) => pairs.sort(([a], [b]) => a - b).flat());

describe("a token", () => {
  test("P5: carries up to three revisions, and proves the session it is of", () => {
    fc.assert(
      fc.property(vectors, (revisions) => {
        const token = encodeToken(revisions, ID, SECRETS);
        expect(token?.length).toBeLessThanOrEqual(50);
        const decoded = decodeToken(token as string);
        expect(decoded?.revisions).toEqual(revisions);
        expect(decoded?.isSignedFor(ID, SECRETS)).toBe(true);
        expect(decoded?.isSignedFor("another id", SECRETS)).toBe(false);
        expect(decoded?.isSignedFor(ID, ["a third"])).toBe(false);
      }),
    );
  });

  test("the largest counts come back too", () => {
    const revisions = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
    expect(decodeToken(encodeToken(revisions, ID, SECRETS) as string)?.revisions).toEqual(
      revisions,
    );
  });

  test("is signed with the first secret, and by an old one still believed", () => {
    const revisions = [5, 7];
    expect(encodeToken(revisions, ID, SECRETS)).toBe(encodeToken(revisions, ID, ["new"]));
    const old = decodeToken(encodeToken(revisions, ID, ["old"]) as string);
    expect(old?.isSignedFor(ID, SECRETS)).toBe(true);
    expect(old?.isSignedFor(ID, ["new"])).toBe(false);
  });

  test("does not take more than fits", () => {
    expect(encodeToken([1, 1, 2, 1, 3, 1, 4, 1], ID, SECRETS)).toBeUndefined();
  });

  test("that was changed in any place is not genuine any more", () => {
    const bytes = Buffer.from(encodeToken([5, 7, 8, 300], ID, SECRETS) as string, "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const decoded = decodeToken(changed.toString("base64url"));
      expect(decoded?.isSignedFor(ID, SECRETS) ?? false).toBe(false);
    }
  });

  test("can be anything a client sends: read in time, without a throw, never more than it holds", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: "binary" })),
        (text) => {
          const decoded = decodeToken(text);
          if (decoded) expect(decoded.isSignedFor(ID, SECRETS)).toBe(false);
          for (const number of decoded?.revisions ?? []) expect(number).toBeGreaterThan(0);
        },
      ),
    );
  });
});

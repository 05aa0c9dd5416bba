/** What is taken from a Cookie header is what a parser of all of it finds under our names. */
import { parseCookie } from "cookie";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { requestCookies } from "./request-cookies.js";
import { isTokenName } from "./token-slots.js";

const NAME = "sid";

/** What `requestCookies` should find, by a parser that reads everything. */
function expected(header: string) {
  const all = Object.entries(parseCookie(header));
  return {
    session: all.find(([name]) => name === NAME)?.[1],
    tokens: new Map(all.filter(([name]) => isTokenName(name, NAME))),
  };
}

describe("the cookies of a request", () => {
  test("are those that a parser of the whole header finds, whatever it looks like", () => {
    const names = ["sid", "sid-0abcdef", "sid-1abcdef", "sidx", "xsid", "-0abcdef"];
    const values = ["a", "%20", "%zz", '"', "s:id.mac", "sid=1", "other=sid=2"];
    const piece = fc.constantFrom(...names, "=", ";", "; ", " ", "\t", ...values);
    const headers = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(headers, (header) => {
        expect(requestCookies(header, NAME)).toEqual(expected(header));
      }),
      { numRuns: 20_000 },
    );
  });

  test("are none where there is no header", () => {
    expect(requestCookies(undefined, NAME)).toEqual({ session: undefined, tokens: new Map() });
  });

  test("are at most 32 tokens", () => {
    const tokens = Array.from({ length: 100 }, (_, i) => `sid-0${String(i).padStart(6, "0")}=x`);
    expect(requestCookies(tokens.join("; "), NAME).tokens.size).toBe(32);
  });
});

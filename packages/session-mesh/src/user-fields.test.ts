/** What envelopes say of users, as far as it is believed. */
import type { SessionDescription } from "@session-mesh/core";
import { expect, test } from "vitest";
import { cutoffIn, fieldsOfCutoff, fieldsOfLogin, isMarked, loginIn } from "./user-fields.js";
import type { UserName } from "./user-names.js";

type Fields = SessionDescription["fields"];

const ADA = "adaAdaAdaAdaAdaAdaAdaA" as UserName;
const LATEST_MS = 1_000;

const fieldsOf = (entries: readonly [string, unknown][]): Fields =>
  new Map(
    entries.map(([name, value]) => [name, { join: "last", value, stamp: {} }]),
  ) as unknown as Fields;

const asRead = (fields: ReadonlyMap<string, { readonly value: unknown }>): Fields =>
  fieldsOf(Array.from(fields, ([name, { value }]) => [name, value]));

test("a login and a cutoff are read as they were written", () => {
  const login = { user: ADA, sinceMs: 1_000 };
  expect(loginIn(asRead(fieldsOfLogin(login)), LATEST_MS)).toEqual(login);
  const cutoff = { user: ADA, atMs: 1_000 };
  expect(cutoffIn(asRead(fieldsOfCutoff(cutoff)), LATEST_MS)).toEqual(cutoff);
});

test("M11: copies of a login join to the later one, of a cutoff to the larger one", () => {
  expect(fieldsOfLogin({ user: ADA, sinceMs: 1 }).get("user")?.join).toBe("last");
  expect(fieldsOfCutoff({ user: ADA, atMs: 1 }).get("cutoff")?.join).toBe("max");
});

test("a session that is nobody's any more says so, one that never said anything does not", () => {
  const left = asRead(fieldsOfLogin(undefined));
  expect(loginIn(left, LATEST_MS)).toBeUndefined();
  expect(isMarked(left)).toBe(true);
  expect(isMarked(fieldsOf([["another", 1]]))).toBe(false);
});

test.each([1_001, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY, -1, 0.5, "7", null])(
  "P12: a login dated %j by a peer is the oldest there is, and a cutoff is none",
  (time) => {
    expect(loginIn(fieldsOf([["user", [ADA, time]]]), LATEST_MS)).toEqual({
      user: ADA,
      sinceMs: 0,
    });
    const fields = fieldsOf([
      ["cutoff", time],
      ["cutoff-of", ADA],
    ]);
    expect(cutoffIn(fields, LATEST_MS)).toBeUndefined();
  },
);

test.each([7, "ada", "", null, {}, [], [7, 7], ["short", 7], [`${ADA}\n`, 7]])(
  "P12: %j of a peer is nobody's login and no cutoff's user",
  (value) => {
    expect(loginIn(fieldsOf([["user", value]]), LATEST_MS)).toBeUndefined();
    const fields = fieldsOf([
      ["cutoff", 7],
      ["cutoff-of", value],
    ]);
    expect(cutoffIn(fields, LATEST_MS)).toBeUndefined();
  },
);

/** Whose sessions are held here, against a plain list of them. */
import type { SessionId } from "@session-mesh/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UserIndex } from "./user-index.js";
import type { UserName } from "./user-names.js";

const session = fc.constantFrom("s1", "s2", "s3", "s4") as fc.Arbitrary<SessionId>;
const user = fc.constantFrom("ada", "bob") as fc.Arbitrary<UserName>;
const ADA = "ada" as UserName;
const HOLDER = "holder" as SessionId;

describe("sessions", () => {
  test("after any run of logins, logouts and ends, each user has the sessions that are his", () => {
    const login = fc.record({ user, sinceMs: fc.nat(9) });
    const step = fc.tuple(session, fc.option(login, { nil: undefined }), fc.boolean());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const index = new UserIndex();
        const model = new Map<SessionId, { user: UserName; sinceMs: number }>();
        for (const [id, login, isForgotten] of steps) {
          if (isForgotten) index.forget(id);
          else index.place(id, login);
          if (isForgotten || login === undefined) model.delete(id);
          else model.set(id, login);
        }
        for (const name of ["ada", "bob"] as UserName[]) {
          const expected = [...model].filter(([, login]) => login.user === name);
          expect(new Map(index.sessionsOf(name))).toEqual(new Map(expected));
        }
      }),
    );
  });
});

describe("cutoffs", () => {
  test("M11: they are a maximum, in any order and however often", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { minLength: 1 }), (times) => {
        const index = new UserIndex();
        for (const atMs of times) index.raise({ user: ADA, atMs });
        expect(index.cutoffOf(ADA)).toBe(Math.max(...times));
        expect(index.raise({ user: ADA, atMs: Math.max(...times) })).toBe(false);
      }),
    );
  });

  test("a login at the cutoff is over, one after it and another user's are not", () => {
    const index = new UserIndex();
    index.raise({ user: ADA, atMs: 5 });
    const isOver = [4, 5, 6].map((sinceMs) => index.isCutOff({ user: ADA, sinceMs }));
    expect(isOver).toEqual([true, true, false]);
    expect(index.isCutOff({ user: "bob" as UserName, sinceMs: 1 })).toBe(false);
  });

  test("one is forgotten with the session that holds it, and not with an earlier one's", () => {
    const index = new UserIndex();
    const earlier = "earlier" as SessionId;
    for (const [id, atMs] of [
      [earlier, 5],
      [HOLDER, 7],
    ] as const) {
      index.hold(id, { user: ADA, atMs });
      index.raise({ user: ADA, atMs });
    }
    index.forget(earlier);
    expect(index.cutoffOf(ADA)).toBe(7);
    expect(index.isHolder(earlier)).toBe(false);
    index.forget(HOLDER);
    expect(index.cutoffOf(ADA)).toBeUndefined();
    expect(index.cutoffCount).toBe(0);
  });
});

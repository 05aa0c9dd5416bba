/** The names under which tokens go out: no response undoes another's. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isTokenName, TOKEN_COOKIES_MAX, type TokenCookie, TokenSlots } from "./token-slots.js";

const ID = "an id";
const NOTHING: ReadonlyMap<string, string> = new Map();

/** A token that holds everything its predecessor in the cookie held, as the adapter makes them. */
const making = (item: string) => (replaced: string | undefined) =>
  [...new Set([...(replaced?.split(" ") ?? []), item])].join(" ");

const jarOf = (...cookies: readonly (TokenCookie | undefined)[]): Map<string, string> =>
  new Map(cookies.flatMap((cookie) => (cookie ? [[cookie.name, cookie.value] as const] : [])));

describe("the name of a token", () => {
  test("is given again to a request that brought what went out last under it", () => {
    const slots = new TokenSlots("sid");
    const first = slots.issue(ID, NOTHING, making("a"));
    const second = slots.issue(ID, jarOf(first), making("b"));
    expect(second).toEqual({ name: first?.name, value: "a b" });
    expect(slots.issue(ID, jarOf(first), making("c"))?.name).not.toBe(first?.name);
  });

  test("is another for each of four responses that overlap; a fifth gets none", () => {
    const slots = new TokenSlots("sid");
    const overlapping = ["a", "b", "c", "d"].map((item) => slots.issue(ID, NOTHING, making(item)));
    expect(jarOf(...overlapping).size).toBe(4);
    expect(slots.issue(ID, NOTHING, making("e"))).toBeUndefined();
    expect(slots.issue(ID, NOTHING, making("c"))).toEqual(overlapping[2]);
    expect(slots.issue(ID, jarOf(overlapping[1]), making("e"))?.value).toBe("b e");
  });

  test("is free again a minute later, and then keeps what the client still brings", () => {
    let nowMs = 0;
    const slots = new TokenSlots("sid", { nowMs: () => nowMs });
    const first = ["a", "b", "c", "d"].map((item) => slots.issue(ID, NOTHING, making(item)))[0];
    nowMs = 59_999;
    expect(slots.issue(ID, NOTHING, making("e"))).toBeUndefined();
    nowMs = 60_001;
    expect(slots.issue(ID, jarOf(first), making("e"))?.value).toBe("a e");
    expect(slots.issue("another id", NOTHING, making("f"))).toBeDefined();
  });

  test("is of one session, one process and one session cookie", () => {
    const [slots, other] = [new TokenSlots("sid"), new TokenSlots("sid")];
    const names = [slots, other].flatMap((each) =>
      [ID, "another id"].map((id) => each.issue(id, NOTHING, making("a"))?.name as string),
    );
    expect(new Set(names).size).toBe(4);
    expect(names.every((name) => isTokenName(name, "sid"))).toBe(true);
    expect(names.some((name) => isTokenName(name, "id") || isTokenName(name, "sid-"))).toBe(false);
    expect(["sid", "sid-", "sid-9aaaaaa", "sid-0aaaaa"].some((n) => isTokenName(n, "sid"))).toBe(
      false,
    );
  });

  test("is not a further one for a client that has eight", () => {
    const slots = new TokenSlots("sid");
    const others = new Map(
      Array.from({ length: TOKEN_COOKIES_MAX }, (_, index) => [`sid-0aaaaa${index}`, "x"]),
    );
    expect(slots.issue(ID, others, making("a"))).toBeUndefined();
  });

  test("is none at the bound of sessions, until one of them can be forgotten", () => {
    let nowMs = 0;
    const slots = new TokenSlots("sid", { sessionsMax: 2, nowMs: () => nowMs });
    const issue = (id: string) => slots.issue(id, NOTHING, making("a"));
    expect([issue("1"), issue("2"), issue("3")].map((one) => one !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
    nowMs = 60_001;
    expect(issue("3")).toBeDefined();
  });
});

test("P5: in whatever order responses arrive, the client keeps the newest of what went out", () => {
  /** Each step: a request goes, a response goes out, or one that is under way arrives. */
  const steps = fc.array(fc.tuple(fc.constantFrom("send", "answer", "arrive"), fc.nat()), {
    minLength: 20,
    maxLength: 80,
  });
  fc.assert(
    fc.property(steps, (script) => {
      const slots = new TokenSlots("sid");
      const jar = new Map<string, string>();
      const requests: Map<string, string>[] = [];
      const underWay: TokenCookie[] = [];
      const arrived: string[] = [];
      let count = 0;
      for (const [step, pick] of script) {
        if (step === "send") requests.push(new Map(jar));
        else if (step === "answer" && requests.length > 0) {
          const [came] = requests.splice(pick % requests.length, 1);
          count += 1;
          const cookie = slots.issue(ID, came as Map<string, string>, making(`w${count}`));
          if (cookie) underWay.push(cookie);
        } else if (step === "arrive" && underWay.length > 0) {
          const [cookie] = underWay.splice(pick % underWay.length, 1) as [TokenCookie];
          jar.set(cookie.name, cookie.value);
          arrived.push(cookie.value.split(" ").at(-1) as string);
        }
        const known = new Set([...jar.values()].flatMap((value) => value.split(" ")));
        expect(arrived.filter((item) => !known.has(item))).toEqual([]);
        expect(jar.size).toBeLessThanOrEqual(4);
      }
    }),
    { numRuns: 500 },
  );
});

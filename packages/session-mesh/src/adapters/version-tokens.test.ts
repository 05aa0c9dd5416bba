/** What a request's tokens say, and what its response gives its user to take along. */
import type { Unshared, VersionVector, WriterId } from "@session-mesh/core";
import { describe, expect, test } from "vitest";
import { requestCookies } from "./request-cookies.js";
import { TokenSlots } from "./token-slots.js";
import { decodeToken } from "./version-token.js";
import { type Shown, VersionTokens } from "./version-tokens.js";

const ID = "an id";
const NAME = "sid";
const SECRETS = ["a secret"];
/** The writer that this node is, and others. */
const [OWN, OTHER, THIRD] = [50, 10, 90];

const slots = (): TokenSlots => new TokenSlots(NAME);

function tokensOf(cookies: string | undefined, from: TokenSlots): VersionTokens {
  const { tokens } = requestCookies(cookies, NAME);
  return new VersionTokens(tokens, { secrets: SECRETS, slots: from });
}

/** A response that shows `revisions`, all of which another node may lack, unless it says otherwise. */
function showing(revisions: VersionVector, options: Partial<Shown> = {}): Shown {
  const unshared: Unshared = { revisions, writer: OWN as WriterId, seq: 1, isCut: false };
  return { unshared, revisions, lost: [], ...options };
}

const headerOf = (cookies: readonly { name: string; value: string }[]): string =>
  cookies.map(({ name, value }) => `${name}=${value}`).join("; ");

const saidBy = (cookies: readonly { value: string }[]): VersionVector[] =>
  cookies.map(({ value }) => decodeToken(value)?.revisions ?? []);

describe("what goes", () => {
  test("P5: is what others may lack and the user did not bring", () => {
    const from = slots();
    const first = tokensOf(undefined, from).issue(ID, showing([OTHER, 3, OWN, 5]));
    expect(saidBy(first.cookies)).toEqual([[OTHER, 3, OWN, 5]]);
    const again = tokensOf(headerOf(first.cookies), from);
    expect(again.issue(ID, showing([OTHER, 3, OWN, 5]))).toEqual({ cookies: [], hasOwn: true });
    const later = again.issue(ID, showing([OTHER, 3, OWN, 6]));
    expect(saidBy(later.cookies)).toEqual([[OTHER, 3, OWN, 6]]);
    expect(later.cookies[0]?.name).toBe(first.cookies[0]?.name);
  });

  test("P5: keeps what this node lacks, and drops what all have by now or nobody has", () => {
    const from = slots();
    const first = tokensOf(undefined, from).issue(ID, showing([OTHER, 3, OWN, 5]));
    const header = headerOf(first.cookies);
    const next = (shown: Shown): VersionVector[] =>
      saidBy(tokensOf(header, from).issue(ID, shown).cookies);
    const lacking = { revisions: [OTHER, 2, OWN, 6] };
    expect(next(showing([OWN, 6], lacking))).toEqual([[OTHER, 3, OWN, 6]]);
    const others = slots();
    const anew = tokensOf(undefined, others).issue(ID, showing([OTHER, 3, OWN, 5]));
    const lost = { ...lacking, lost: [OTHER, 3] };
    const request = tokensOf(headerOf(anew.cookies), others);
    expect(saidBy(request.issue(ID, showing([OWN, 6], lost)).cookies)).toEqual([[OWN, 6]]);
    const third = slots();
    const shared = tokensOf(undefined, third).issue(ID, showing([OTHER, 3, OWN, 5]));
    const all = { revisions: [OTHER, 3, OWN, 6] };
    const kept = tokensOf(headerOf(shared.cookies), third).issue(ID, showing([OWN, 6], all));
    expect(saidBy(kept.cookies)).toEqual([[OWN, 6]]);
  });

  test("P5: goes in several cookies where it does not fit into one, the node's own first", () => {
    const from = slots();
    const { cookies, hasOwn } = tokensOf(undefined, from).issue(
      ID,
      showing([OTHER, 3, 20, 4, OWN, 5, THIRD, 6]),
    );
    expect(saidBy(cookies)).toEqual([
      [OTHER, 3, OWN, 5],
      [20, 4, THIRD, 6],
    ]);
    expect(hasOwn).toBe(true);
  });

  test("P5: says so where the node's own revision does not go", () => {
    const from = slots();
    for (let rev = 1; rev <= 4; rev += 1) {
      expect(tokensOf(undefined, from).issue(ID, showing([OWN, rev])).hasOwn).toBe(true);
    }
    expect(tokensOf(undefined, from).issue(ID, showing([OWN, 5])).hasOwn).toBe(false);
  });
});

describe("what came", () => {
  test("P5: asks for what is not held; of another session or forged it asks for nothing", () => {
    const from = slots();
    const { cookies } = tokensOf(undefined, from).issue(ID, showing([OTHER, 3, OWN, 5]));
    const request = tokensOf(headerOf(cookies), from);
    expect(request.seenBeyond(ID, [])).toEqual([OTHER, 3, OWN, 5]);
    expect(request.seenBeyond(ID, [OTHER, 2, OWN, 9])).toEqual([OTHER, 3]);
    expect(request.seenBeyond(ID, [OTHER, 3, OWN, 5])).toEqual([]);
    expect(request.seenBeyond("another id", [])).toEqual([]);
    const [cookie] = cookies as [{ name: string; value: string }];
    expect(tokensOf(`${cookie.name}x=${cookie.value}`, from).seenBeyond(ID, [])).toEqual([]);
  });

  test("a forged token does not keep a genuine one from going", () => {
    const from = slots();
    const other = tokensOf(undefined, from).issue("another id", showing([OWN, 5]));
    const request = tokensOf(headerOf(other.cookies), from);
    expect(saidBy(request.issue(ID, showing([OWN, 5])).cookies)).toEqual([[OWN, 5]]);
  });

  test("more cookies than any client of ours has are not looked at", () => {
    const from = slots();
    const many = Array.from(
      { length: 1_000 },
      (_, i) => `sid-0${i.toString(36).padStart(6, "0")}=x`,
    );
    expect(tokensOf(many.join("; "), from).seenBeyond(ID, [])).toEqual([]);
    expect(tokensOf(many.join("; "), from).issue(ID, showing([OWN, 1])).hasOwn).toBe(false);
  });
});

/** The names of users and of what holds their cutoffs. */
import { isSessionId } from "@session-mesh/core";
import { expect, test } from "vitest";
import { deriveNamingKeys, hashRawId } from "./session-ids.js";
import { isUserName, UserNames } from "./user-names.js";

const { idKey } = deriveNamingKeys("default", undefined);

test("every node names a user alike, and nobody without the key does", () => {
  const [here, there] = [new UserNames(idKey), new UserNames(idKey)];
  const strange = new UserNames(deriveNamingKeys("another cluster", undefined).idKey);
  const name = here.nameOf("ada");
  expect(isUserName(name)).toBe(true);
  expect(there.nameOf("ada")).toBe(name);
  expect(strange.nameOf("ada")).not.toBe(name);
});

test("P12: no cookie names a user or what holds his cutoffs", () => {
  const names = new UserNames(idKey);
  const name = names.nameOf("ada");
  const holder = names.cutoffIdOf(name, 20_000);
  expect(isSessionId(holder)).toBe(true);
  const guesses = ["ada", "user\0ada", `cutoff\0${name} 20000 `, `${name} 20000 `, name, holder];
  const reached = guesses.map((rawId) => hashRawId(rawId, idKey));
  expect(reached).not.toContain(name);
  expect(reached).not.toContain(holder);
});

test("a user, a day and a salt each make another holder", () => {
  const names = new UserNames(idKey);
  const [ada, bob] = [names.nameOf("ada"), names.nameOf("bob")];
  const ids = [
    names.cutoffIdOf(ada, 1),
    names.cutoffIdOf(ada, 2),
    names.cutoffIdOf(ada, 1, "salt"),
    names.cutoffIdOf(bob, 1),
  ];
  expect(new Set(ids).size).toBe(ids.length);
});

test("users whose texts no UTF-8 can tell apart are two users", () => {
  const names = new UserNames(idKey);
  expect(names.nameOf("\ud800")).not.toBe(names.nameOf("\ud801"));
});

test("a name is the same when it had to be forgotten meanwhile", () => {
  const names = new UserNames(idKey);
  const name = names.nameOf("ada");
  for (let n = 0; n < 10_001; n += 1) names.nameOf(`user ${n}`);
  expect(names.nameOf("ada")).toBe(name);
  expect(names.knownCount).toBe(10_000);
  names.nameOf("x".repeat(1_000));
  expect(names.knownCount).toBe(10_000);
});

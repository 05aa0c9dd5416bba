/**
 * Session ids of the simulation: of the form that the shell's keyed hash gives them.
 */
import { assert, createPrng, isSessionId, type Prng, type SessionId } from "@session-mesh/core";

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** A random id. */
export function sessionIdFrom(random: Prng): SessionId {
  let id = "";
  for (let i = 0; i < 22; i++) id += BASE64URL.charAt(random.range(0, 64));
  assert(isSessionId(id), `${id} is no session id`);
  return id;
}

const HOSTILE = [
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "toString",
  "-",
  "_",
  "AAAAAAAAAAAAA",
];

/** An id that careless code would trip over, or that lies in one partition with others like it. */
export function hostileSessionId(random: Prng): SessionId {
  const start = random.pick(HOSTILE);
  const id = start + sessionIdFrom(random).slice(start.length);
  assert(isSessionId(id), `${id} is no session id`);
  return id;
}

/** The id of a session that a scenario calls by a name. */
export function sessionIdOf(name: string): SessionId {
  let seed = 7;
  for (let i = 0; i < name.length; i++) seed = (Math.imul(seed, 31) + name.charCodeAt(i)) >>> 0;
  return sessionIdFrom(createPrng(seed));
}

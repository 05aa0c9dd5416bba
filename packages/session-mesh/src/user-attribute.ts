/**
 * Which attribute of a session names its user, and whom it names.
 *
 * A user is a text or a number; 7 and "7" are one user, since ids come back as texts from URLs and
 * databases. Anything else at that place names nobody.
 *
 * Not here: what is kept of a user (user-names.ts): texts are personal data and leave no node as such.
 */

import { atomic } from "@session-mesh/core";

/** Names of properties, from the session's own inwards. */
export type UserPath = readonly string[];

/** How deep the attribute may lie; a session cannot nest deeper. */
const PATH_LENGTH_MAX = 100;

/** What is wrong with a `userAttribute`, with the remedy; undefined when nothing is. */
export function userAttributeProblem(value: unknown): string | undefined {
  const path = typeof value === "string" ? value.split(".") : value;
  const isPath =
    Array.isArray(path) &&
    path.length > 0 &&
    path.length <= PATH_LENGTH_MAX &&
    path.every((name) => typeof name === "string" && name !== "");
  return isPath
    ? undefined
    : 'must say where a session names its user, as "user.id" or ["passport", "user"]';
}

/** The path that a checked `userAttribute` means. */
export function userPathOf(attribute: string | UserPath): UserPath {
  return typeof attribute === "string" ? attribute.split(".") : [...attribute];
}

/** The user that a session's value names; never throws, whatever an application put there. */
export function userAt(value: unknown, path: UserPath): string | undefined {
  try {
    let part = value;
    for (const name of path) {
      const container = asStored(part);
      if (typeof container !== "object" || container === null) return undefined;
      if (!Object.hasOwn(container, name)) return undefined;
      part = (container as Record<string, unknown>)[name];
    }
    return userTextOf(part);
  } catch {
    // A getter or a proxy threw: it cannot be stored either, and storing it is what says so.
    return undefined;
  }
}

/** The text of a user, given as one; undefined for what cannot be one. */
export function userTextOf(user: unknown): string | undefined {
  const stored = asStored(user);
  if (typeof stored === "string") return stored === "" ? undefined : stored;
  return typeof stored === "number" && Number.isFinite(stored) ? String(stored) : undefined;
}

const ATOMIC: unknown = Object.getPrototypeOf(atomic(null));

/** What a session will hold of it: `atomic` marks are taken off, and database ids say their text. */
function asStored(part: unknown): unknown {
  if (typeof part !== "object" || part === null) return part;
  if (Object.getPrototypeOf(part) === ATOMIC) return asStored((part as { value: unknown }).value);
  if (part instanceof String || part instanceof Number) return part.valueOf();
  const toJson: unknown = (part as { toJSON?: unknown }).toJSON;
  return typeof toJson === "function" ? toJson.call(part, "") : part;
}

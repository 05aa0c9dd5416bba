/**
 * Whether a user and a password are those of the configuration, in a time that tells nothing.
 *
 * Not here: the commands AUTH and HELLO (connection-commands.ts).
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { RedisSettings } from "./redis-settings.js";

/** Whether they may come in; without a configured password the default user may, whatever is said. */
export function isAdmitted(settings: RedisSettings, user: string, password: string): boolean {
  const isUser = isSame(settings.user, user);
  if (settings.password === undefined) return isUser;
  return isSame(settings.password, password) && isUser;
}

function isSame(expected: string, given: string): boolean {
  return timingSafeEqual(digestOf(expected), digestOf(given));
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text, "latin1").digest();
}

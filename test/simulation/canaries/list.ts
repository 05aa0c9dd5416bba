/**
 * The canaries: deliberate defects that the checkers must catch, or they prove nothing. Pure data.
 *
 * Not here: how they get into the code (patch.ts, bundle.ts).
 */
import type { Canary } from "./patch.js";
import { PROTOCOL_CANARIES } from "./protocol.js";
import { SESSION_CANARIES } from "./sessions.js";

/** All canaries. */
export const CANARIES: readonly Canary[] = [...PROTOCOL_CANARIES, ...SESSION_CANARIES];

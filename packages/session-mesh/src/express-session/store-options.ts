/**
 * The options of a MeshStore, checked once when it is made; and its one error.
 *
 * Not here: the options of the mesh, and those of express-session.
 */
import type { Millis } from "@session-mesh/core";
import { MeshError } from "../mesh-error.js";
import { requireOptions } from "../required.js";
import { RAW_ID_LENGTH_MAX } from "../session-ids.js";

/** The options of a MeshStore; all may be left out. */
export interface MeshStoreOptions {
  /**
   * Attributes that are counters, as `"views"` or `"stats.views"`: what a request changes a number
   * there by is added, so that increments of overlapping requests all count. Without it the later
   * value stays, as for every attribute.
   */
  readonly counters?: readonly string[];
  /**
   * Asks all live peers for every session read, and waits for their answers, at most the mesh's
   * `pullDeadlineMs`: a redirect then finds on any node what was written before it. Costs a round
   * trip a request, and calls back later. @default false
   */
  readonly freshReads?: boolean;
  /** How many peers must hold a write before `set` calls back. @default the mesh's `acks` */
  readonly acks?: number | "all";
  /** Idle seconds of a session whose cookie has no `maxAge`. @default 86_400, one day */
  readonly ttl?: number;
  /** Keeps the sessions of several stores on one mesh apart. @default "sess:" */
  readonly prefix?: string;
}

/** Checked options, with their defaults. */
export interface StoreSettings {
  readonly counters: readonly (readonly string[])[];
  readonly freshReads: boolean;
  readonly acks: number | "all" | undefined;
  readonly ttlMs: Millis;
  readonly prefix: string;
}

/** Why a session was not stored. */
export type MeshStoreErrorCode = "destroyed" | "full" | "id";

/** A session was not stored. Nothing was changed; the text names the remedy. */
export class MeshStoreError extends Error {
  override readonly name = "MeshStoreError";
  readonly code: MeshStoreErrorCode;

  constructor(code: MeshStoreErrorCode, message: string) {
    super(`[session-mesh] ${message}`);
    this.code = code;
  }
}

const PREFIX_LENGTH_MAX = 64;
const PREFIX = "sess:";
const SECONDS_A_DAY = 86_400;
const KNOWN = ["counters", "freshReads", "acks", "ttl", "prefix"];

/** Checks and completes. Throws a {@link MeshError} that names the option and the remedy. */
export function storeSettings(options: MeshStoreOptions): StoreSettings {
  requireOptions(options, KNOWN, "MeshStore");
  const { counters = [], freshReads = false, acks, ttl = SECONDS_A_DAY, prefix = PREFIX } = options;
  check(
    Array.isArray(counters) && counters.every(isPath),
    '`counters` must be a list of attributes, as ["views", "stats.views"]',
  );
  check(typeof freshReads === "boolean", "`freshReads` must be true or false");
  check(
    acks === undefined || acks === "all" || (Number.isSafeInteger(acks) && acks >= 0),
    '`acks` must be "all" or a whole number from 0 on',
  );
  check(
    Number.isFinite(ttl) && ttl > 0,
    "`ttl` must be a finite number of seconds above 0; a session also ends after the mesh's absoluteMs",
  );
  check(
    typeof prefix === "string" && prefix.length <= PREFIX_LENGTH_MAX,
    `\`prefix\` must be a string of at most ${PREFIX_LENGTH_MAX} characters`,
  );
  const paths = counters.map((path) => path.split("."));
  return { counters: paths, freshReads, acks, ttlMs: ttl * 1_000, prefix };
}

/** The raw id under which the mesh knows the session `sid`; undefined for what is no id. */
export function rawIdOf(sid: unknown, { prefix }: StoreSettings): string | undefined {
  if (typeof sid !== "string" || sid === "") return undefined;
  const rawId = prefix + sid;
  return rawId.length <= RAW_ID_LENGTH_MAX ? rawId : undefined;
}

/** What `set` says of an id under which nothing can be stored. */
export function badIdError({ prefix }: StoreSettings): MeshStoreError {
  const lengthMax = RAW_ID_LENGTH_MAX - prefix.length;
  return new MeshStoreError(
    "id",
    `a session id is a string of 1 to ${lengthMax} characters; let \`genid\` return such`,
  );
}

/** What `set` says of an id that was destroyed. */
export function destroyedError(): MeshStoreError {
  return new MeshStoreError(
    "destroyed",
    "the session was not stored: its id was destroyed before, and a destroyed id stays dead on " +
      "every node. Give each new session an id of its own: `genid` must never return one twice",
  );
}

/** What `set` says at a limit of the mesh. */
export function fullError(limit: string | undefined): MeshStoreError {
  return new MeshStoreError(
    "full",
    `the session was not stored, because this node is at its limit ${limit ?? ""}; raise ` +
      "`limits` of the mesh, or shorten the sessions' maxAge or ttl",
  );
}

function isPath(path: unknown): boolean {
  return typeof path === "string" && path !== "" && !path.split(".").includes("");
}

function check(isRight: boolean, message: string): void {
  if (!isRight) throw new MeshError("option", message);
}

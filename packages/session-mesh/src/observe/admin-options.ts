/**
 * What `createAdmin` accepts, and its checks; every refusal names the option and the remedy.
 */
import type { Bytes } from "@session-mesh/core";
import { MeshError } from "../mesh-error.js";
import { requireOptions } from "../required.js";
import type { AccessRules } from "./access.js";
import { STREAM_BYTES_MAX } from "./event-streams.js";

/** How the admin endpoints are guarded. */
export interface AdminOptions {
  /**
   * What a reader sends as `Authorization: Bearer TOKEN`; at least 16 characters, several while one is
   * replaced. Without one the admin answers only to this machine, and does not listen beyond it.
   */
  readonly token?: string | readonly string[];
  /**
   * Host names, without a port, under which the admin is reached, beside `localhost` and any IP
   * address. Others are refused: a browser may have been led here by a name that lies.
   */
  readonly hosts?: readonly string[];
  /** Other sites whose pages may read: `https://ops.example.com`. */
  readonly origins?: readonly string[];
  /** What may wait for one reader of the event stream before it is cut off. @default 1 MiB */
  readonly streamBytesMax?: Bytes;
}

/** Options that were checked. */
interface CheckedAdminOptions {
  readonly rules: AccessRules;
  readonly streamBytesMax: Bytes;
}

const TOKEN_LENGTH_MIN = 16;
const STREAM_BYTES_MIN: Bytes = 16 * 1_024;
const NAMES: readonly (keyof AdminOptions)[] = ["token", "hosts", "origins", "streamBytesMax"];

/** Checks every option and fills in defaults. Throws a MeshError. */
export function checkAdminOptions(options: AdminOptions): CheckedAdminOptions {
  requireOptions(options, NAMES, "createAdmin");
  const { token, hosts = [], origins = [], streamBytesMax = STREAM_BYTES_MAX } = options;
  // A variable of the environment that is not set must not open what it was to close.
  if ("token" in options && token === undefined) {
    refuse("`token` is undefined; if it comes from the environment, is the variable set?");
  }
  const tokens = token === undefined ? [] : [token].flat();
  if (token !== undefined && !(tokens.length > 0 && tokens.every(isToken))) {
    refuse(
      `\`token\` must be ${TOKEN_LENGTH_MIN} characters or more, without spaces, or a list of such; ` +
        "make one with `openssl rand -hex 32`",
    );
  }
  if (!isListOf(hosts, isHostName)) refuse('`hosts` must be host names, as ["ops.example.com"]');
  if (!isListOf(origins, isOrigin)) {
    refuse('`origins` must be origins, as ["https://ops.example.com"], without a path');
  }
  if (!Number.isSafeInteger(streamBytesMax) || streamBytesMax < STREAM_BYTES_MIN) {
    refuse(`\`streamBytesMax\` must be a whole number of bytes, at least ${STREAM_BYTES_MIN}`);
  }
  return { rules: { tokens, hosts, origins }, streamBytesMax };
}

function isToken(value: unknown): boolean {
  return typeof value === "string" && value.length >= TOKEN_LENGTH_MIN && /^[!-~]+$/.test(value);
}

function isHostName(value: string): boolean {
  return /^[^\s:/@[\]]+$/.test(value);
}

function isOrigin(value: string): boolean {
  return URL.canParse(value) && new URL(value).origin === value.toLowerCase();
}

function isListOf(value: unknown, isGood: (item: string) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string" && isGood(item));
}

function refuse(problem: string): never {
  throw new MeshError("option", problem);
}

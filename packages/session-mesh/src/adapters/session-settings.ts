/**
 * The options of an HTTP adapter, checked and completed once, when the app is put together.
 *
 * Not here: options of the mesh itself, such as idle and absolute lifetimes.
 */
import type { IncomingMessage } from "node:http";
import { MeshError } from "../mesh-error.js";
import type { SubstituteAnswer } from "./hold-response.js";
import {
  type CookieAttributes,
  DEFAULT_COOKIE,
  IS_VALID,
  SessionCookie,
} from "./session-cookie.js";

/** Why a session could not be written as asked. */
export interface SessionFailure {
  /**
   * `degraded`: fewer acknowledgements than asked for, and `onDegraded` is "fail"; the write may stand.
   * `full`: the mesh is at its limit of sessions or bytes; nothing was written (P14).
   * `unsupported-value`: the session holds what cannot be stored; nothing was written.
   * `unexpected`: anything else, such as a mesh that was closed.
   */
  readonly code: "degraded" | "full" | "unsupported-value" | "unexpected";
  /** What the client is answered, unless its headers have gone. */
  readonly status: 500 | 503;
  /** Names the cause and the remedy. Meant for logs: it may name attributes of the session. */
  readonly error: Error;
  /** Whether the response's headers had gone, so that the client cannot be told. */
  readonly isTooLate: boolean;
}

/** Options that all HTTP adapters share. */
export interface SessionOptions {
  /** Signs the cookie. Of several, the first signs and any verifies: put a new one in front to rotate. */
  readonly secret: string | readonly string[];
  /** The cookie's name. @default "sm.sid" */
  readonly name?: string;
  /** The cookie's attributes, see {@link CookieAttributes}; `maxAge` is the session's idle time too. */
  readonly cookie?: Partial<CookieAttributes>;
  /** How many peers must hold a write before its response's headers go. @default the mesh's `acks` */
  readonly acks?: number | "all";
  /**
   * What a client gets when fewer acknowledged: its response all the same, or a 503, although the
   * write may stand. @default "serve"
   */
  readonly onDegraded?: "serve" | "fail";
  /** Sets the cookie on every response that has a session, to count `maxAge` from it. @default false */
  readonly rolling?: boolean;
  /** Stores sessions that nothing was put into, and sets their cookie. @default false */
  readonly saveUninitialized?: boolean;
  /** Believes `X-Forwarded-Proto`. Under Express leave it out and set `trust proxy`. @default false */
  readonly proxy?: boolean;
  /**
   * Told of every failure to write a session. What it returns is the answer; without it, and when it
   * returns nothing, the client gets a plain one, and failures with status 500 go to `console.error`.
   */
  readonly onFailure?: (failure: SessionFailure, req: IncomingMessage) => SubstituteAnswer | void;
}

/** Checked options, with their defaults. */
export interface SessionSettings extends Required<
  Omit<SessionOptions, "secret" | "cookie" | "acks" | "onFailure">
> {
  readonly secrets: readonly string[];
  readonly cookie: CookieAttributes;
  readonly acks: number | "all" | undefined;
  readonly onFailure: SessionOptions["onFailure"];
}

// RFC 6265: a cookie's name is a token.
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Shorter ones can be guessed. */
const SECRET_LENGTH_MIN = 16;

const OPTIONS: readonly (keyof SessionOptions)[] = [
  "secret",
  "name",
  "cookie",
  "acks",
  "onDegraded",
  "rolling",
  "saveUninitialized",
  "proxy",
  "onFailure",
];

/** What the values of `cookie` are. */
const ATTRIBUTES: Readonly<Record<keyof CookieAttributes, string>> = {
  maxAge: "a positive number of milliseconds or null",
  path: 'a text that begins with "/"',
  domain: "a host name",
  httpOnly: "true or false",
  secure: 'true, false or "auto"',
  sameSite: '"lax", "strict", "none", true or false',
  partitioned: "true or false",
  priority: '"low", "medium" or "high"',
};

/** Checks and completes. Throws a {@link MeshError} with the remedy. */
export function sessionSettings(options: SessionOptions): SessionSettings {
  checkNames("", options, OPTIONS);
  const { name = "sm.sid", acks, onDegraded = "serve", onFailure } = options;
  const { rolling = false, saveUninitialized = false, proxy = false } = options;
  const secrets = typeof options.secret === "string" ? [options.secret] : (options.secret ?? []);
  const isSecret = (secret: unknown): boolean => typeof secret === "string" && secret !== "";
  check(
    Array.isArray(secrets) && secrets.length > 0 && secrets.every(isSecret),
    "meshSession needs `secret`, a random string that every node shares, to sign its cookie; " +
      "to rotate it, a list of which the first signs",
  );
  warnOfShort(secrets[0] as string);
  check(
    typeof name === "string" && TOKEN.test(name),
    `a cookie cannot be named ${JSON.stringify(name)}: letters, digits, - . _`,
  );
  check(
    acks === undefined || acks === "all" || (Number.isInteger(acks) && acks >= 0),
    `acks is 0, 1, 2 … or "all", not ${String(acks)}`,
  );
  check(
    onDegraded === "serve" || onDegraded === "fail",
    `onDegraded is "serve" or "fail", not ${String(onDegraded)}`,
  );
  for (const flag of ["rolling", "saveUninitialized", "proxy"] as const) {
    const value = options[flag];
    check(
      value === undefined || typeof value === "boolean",
      `${flag} is true or false, not ${String(value)}`,
    );
  }
  check(
    onFailure === undefined || typeof onFailure === "function",
    `onFailure is a function, not ${String(onFailure)}`,
  );
  checkNames("cookie.", options.cookie ?? {}, Object.keys(ATTRIBUTES));
  const cookie = { ...DEFAULT_COOKIE, ...definedOnly(options.cookie ?? {}) };
  checkCookie(cookie);
  const flags = { onDegraded, rolling, saveUninitialized, proxy } as const;
  return { name, secrets, cookie, acks, onFailure, ...flags };
}

/** Who can guess it can sign cookies; a warning, since it may have been in use for long. */
function warnOfShort(secret: string): void {
  if (secret.length >= SECRET_LENGTH_MIN) return;
  process.emitWarning(
    `the \`secret\` that signs the session cookie has ${secret.length} character(s), and should have ` +
      `${SECRET_LENGTH_MIN} or more; make one with \`openssl rand -hex 32\`, put it first in a list ` +
      "and keep the old one behind it until its cookies are gone",
    { type: "SessionMeshWarning", code: "SESSION_MESH_SHORT_SECRET" },
  );
}

/** What is written wrong would else be left out, and nobody told. */
function checkNames(prefix: string, options: unknown, known: readonly string[]): void {
  const what = prefix === "" ? "the options" : "`cookie`";
  check(typeof options === "object" && options !== null, `meshSession needs ${what} as an object`);
  for (const name of Object.keys(options as object)) {
    const remedy = `There are: ${known.join(", ")}`;
    check(known.includes(name), `meshSession has no option \`${prefix}${name}\`. ${remedy}`);
  }
}

function checkCookie(cookie: CookieAttributes): void {
  const { maxAge, path, secure, sameSite } = cookie;
  for (const [name, form] of Object.entries(ATTRIBUTES) as [keyof CookieAttributes, string][]) {
    const value = cookie[name];
    const isFine = value === undefined || IS_VALID[name](value);
    check(isFine, `cookie.${name} is ${form}, not ${String(value)}`);
  }
  check(maxAge === null || maxAge > 0, `cookie.maxAge is ${ATTRIBUTES.maxAge}, not ${maxAge}`);
  check(path.startsWith("/"), `cookie.path is ${ATTRIBUTES.path}, not ${path}`);
  check(
    sameSite !== "none" || secure !== false,
    'cookie.sameSite "none" needs cookie.secure: browsers drop the cookie without it',
  );
  try {
    new SessionCookie(cookie).clearingHeader("any", true);
  } catch (error) {
    check(false, `no cookie can be made of the options of \`cookie\`: ${String(error)}`);
  }
}

function definedOnly<T extends object>(options: T): Partial<T> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}

function check(isRight: boolean, message: string): void {
  if (!isRight) throw new MeshError("option", message);
}

/**
 * `req.session`: the session's attributes as plain properties, and beside them the methods that people
 * know from express-session, each of which returns a promise when it is given no callback.
 *
 * Not here: what the methods do (session-exchange.ts, behind {@link SessionBinding}).
 */
import type { CounterHandle } from "../counter-handle.js";
import type { AckResult, CommitOutcome } from "../session-handle.js";
import type { SessionCookie } from "./session-cookie.js";

/** Called when done, with the error if there was one. */
export type Callback = (error?: unknown) => void;

/** What a session asks of the request that it belongs to. */
export interface SessionBinding {
  readonly id: string;
  readonly cookie: SessionCookie;
  touch(): void;
  save(): Promise<CommitOutcome>;
  reload(): Promise<void>;
  destroy(): Promise<AckResult>;
  regenerate(): Promise<AckResult>;
  counter(path: readonly string[]): CounterHandle;
}

/** The names that are methods; attributes of these names, written by other means, stay out of sight. */
const RESERVED: ReadonlySet<string> = new Set([
  "id",
  "cookie",
  "touch",
  "resetMaxAge",
  "save",
  "reload",
  "destroy",
  "regenerate",
  "counter",
]);

/** One session as a request sees it. Its own enumerable properties are the attributes. */
export class Session {
  readonly #binding: SessionBinding;

  constructor(binding: SessionBinding) {
    this.#binding = binding;
  }

  /** The raw id. It is the user's key: don't log it. */
  get id(): string {
    return this.#binding.id;
  }

  /** The cookie's attributes; `cookie.maxAge` is the session's idle time too. */
  get cookie(): SessionCookie {
    return this.#binding.cookie;
  }

  /** Counts the idle time from now; done by itself for every request that has the session. */
  touch(): this {
    this.#binding.touch();
    return this;
  }

  /** Counts `cookie.maxAge` from now. */
  resetMaxAge(): this {
    this.cookie.renew();
    return this;
  }

  /**
   * Writes what has changed, and waits for the acknowledgements asked for. Done by itself before the
   * response's headers go. A session that was destroyed meanwhile stays so: `status` is "gone".
   */
  save(): Promise<CommitOutcome>;
  save(callback: Callback): this;
  save(callback?: Callback): this | Promise<CommitOutcome> {
    return this.#answer(this.#binding.save(), callback);
  }

  /** Reads the session again and drops what was not saved. Fails when it is gone. */
  reload(): Promise<void>;
  reload(callback: Callback): this;
  reload(callback?: Callback): this | Promise<void> {
    return this.#answer(this.#binding.reload(), callback);
  }

  /** Ends the session on every node, for good (P3), waits until they know, and clears the cookie. */
  destroy(): Promise<AckResult>;
  destroy(callback: Callback): this;
  destroy(callback?: Callback): this | Promise<AckResult> {
    return this.#answer(this.#binding.destroy(), callback);
  }

  /**
   * Ends this session and begins an empty one under a new id, as `req.session`, at once; what is
   * awaited is that every node knows that the old one ended (M13). Call it at every login.
   */
  regenerate(): Promise<AckResult>;
  regenerate(callback: Callback): this;
  regenerate(callback?: Callback): this | Promise<AckResult> {
    return this.#answer(this.#binding.regenerate(), callback);
  }

  /**
   * The number at `path` as a counter, whose concurrent increments add up (M8):
   * `req.session.counter("views").increment()`.
   */
  counter(...path: string[]): CounterHandle {
    return this.#binding.counter(path);
  }

  #answer<T>(work: Promise<T>, callback: Callback | undefined): this | Promise<T> {
    if (callback === undefined) {
      // Not awaiting a save is common: the response's own commit meets the same error and reports it.
      work.catch(() => {});
      return work;
    }
    work.then(
      () => process.nextTick(callback),
      (error: unknown) => process.nextTick(callback, error),
    );
    return this;
  }
}

/** Makes the attributes of `session` those of `value`, except the ones whose names are methods. */
export function showAttributes(session: Session, value: Attributes): void {
  for (const name of Object.keys(session)) {
    if (!Object.hasOwn(value, name)) Reflect.deleteProperty(session, name);
  }
  for (const name of Object.keys(value)) showAttribute(session, name, value);
}

/** Shows one attribute of `value`, whatever its name: `__proto__` is data. */
export function showAttribute(session: Session, name: string, value: Attributes): void {
  if (!RESERVED.has(name)) copyOwn(value, session as unknown as Attributes, name);
}

/** Makes the attributes of `value` those of `session`; the ones whose names are methods stay. */
export function collectAttributes(session: Session, value: Attributes): void {
  const shown = session as unknown as Attributes;
  for (const name of Object.keys(value)) {
    if (!RESERVED.has(name) && !Object.hasOwn(shown, name)) delete value[name];
  }
  for (const name of Object.keys(shown)) {
    if (!RESERVED.has(name)) copyOwn(shown, value, name);
  }
}

/** A session as plain data. */
type Attributes = Record<string, unknown>;

function copyOwn(from: Attributes, to: Attributes, name: string): void {
  const value = Object.getOwnPropertyDescriptor(from, name)?.value as unknown;
  if (Object.hasOwn(to, name) && Object.getOwnPropertyDescriptor(to, name)?.value === value) return;
  Object.defineProperty(to, name, { configurable: true, enumerable: true, writable: true, value });
}

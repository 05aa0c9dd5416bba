/**
 * A counter within a session, by the path where its number lives.
 *
 * The number in the session's plain data and this handle show the same; what makes it a counter is
 * that the difference is committed as increments, which add up (M8), and not as a value.
 */

/** A counter; its changes are committed with the session's. */
export interface CounterHandle {
  /** What it shows, uncommitted changes included; 0 where there is none. */
  readonly value: number;
  /** Adds; returns the new value. */
  increment(by?: number): number;
  /** Subtracts; returns the new value. */
  decrement(by?: number): number;
  /** Back to 0; increments that other nodes make meanwhile and that are not seen here stay. */
  reset(): void;
}

/** What a counter needs of its session. */
export interface CounterPort {
  root(): Record<string, unknown>;
  declare(): void;
  reset(): void;
}

/** The counter at `path`; objects on the way to it are made when it is first changed. */
export function counterAt(path: readonly string[], port: CounterPort): CounterHandle {
  if (path.length === 0 || path.some((part) => typeof part !== "string")) {
    throw new TypeError(
      '[session-mesh] counter() takes the names that lead to the number, as counter("views")',
    );
  }
  const name = path.at(-1) as string;
  const read = (): number => {
    const value = ownProperty(parentOf(port.root(), path, false), name);
    return typeof value === "number" ? value : 0;
  };
  const write = (value: number): number => {
    setOwn(parentOf(port.root(), path, true) as object, name, value);
    return value;
  };
  const add = (by: number): number => {
    if (!Number.isFinite(by)) {
      throw new TypeError(
        `[session-mesh] a counter cannot be changed by ${by}; give a finite number`,
      );
    }
    port.declare();
    return write(read() + by);
  };
  return {
    get value() {
      return read();
    },
    increment: (by = 1) => add(by),
    decrement: (by = 1) => add(-by),
    reset() {
      port.reset();
      write(0);
    },
  };
}

/** The object that holds the last part of `path`. */
function parentOf(root: object, path: readonly string[], isMade: boolean): object | undefined {
  let parent: object = root;
  for (const part of path.slice(0, -1)) {
    const next = ownProperty(parent, part);
    if (typeof next === "object" && next !== null) parent = next;
    else if (!isMade) return undefined;
    else {
      const made = {};
      setOwn(parent, part, made);
      parent = made;
    }
  }
  return parent;
}

function ownProperty(parent: object | undefined, name: string): unknown {
  if (parent === undefined || !Object.hasOwn(parent, name)) return undefined;
  return (parent as Record<string, unknown>)[name];
}

/** Also for names such as `__proto__`, which are data. */
function setOwn(parent: object, name: string, value: unknown): void {
  Object.defineProperty(parent, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/**
 * A change of what a seed draws, as data: for `--nodes`, and for smaller runs that still fail.
 *
 * Not here: which changes make a failing run smaller (the shrinker).
 */

/** Parts of `T` in place of those drawn; null takes a part away. */
export type Override<T> = {
  readonly [K in keyof T]?: T[K] extends readonly unknown[] | string | number | boolean
    ? T[K] | null
    : Override<T[K]> | null;
};

type Plain = Record<string, unknown>;

/** What was drawn, with the parts that `override` names in place of its own. */
export function overridden<T extends object>(drawn: T, override: Override<T> | undefined): T {
  const merged: Plain = { ...(drawn as Plain) };
  for (const [name, value] of Object.entries(override ?? {})) {
    const before = merged[name];
    if (value === null) delete merged[name];
    else if (isPlain(value) && isPlain(before)) merged[name] = overridden(before, value as never);
    else merged[name] = value;
  }
  return merged as T;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

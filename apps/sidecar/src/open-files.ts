/**
 * Whether the process may open as many files as its bounds of connections need.
 *
 * Known on Linux alone; elsewhere nothing is said. Not here: raising the limit, which is its starter's.
 */
import { readFileSync } from "node:fs";

/** Files beside connections: the mesh's links, storage, logs. */
const OTHERS = 512;

/** The limits of this process as the kernel tells them; undefined where it does not. */
export function readLimits(): string | undefined {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return undefined;
  }
}

/** What is to be said of `clientsMax`, from the text of `/proc/self/limits`; undefined if nothing. */
export function openFilesWarning(
  clientsMax: number,
  limits: string | undefined,
): string | undefined {
  const filesMax = Number(/^Max open files\s+(\d+)/m.exec(limits ?? "")?.[1] ?? Infinity);
  if (filesMax >= clientsMax + OTHERS) return undefined;
  return (
    `\`redis.clientsMax\` is ${clientsMax}, but this process may open ${filesMax} files only: raise ` +
    `LimitNOFILE (or ulimit -n) to ${clientsMax + OTHERS} or more, or lower \`redis.clientsMax\``
  );
}

/**
 * Whether a node may stand where its configuration puts it: closed to strangers, each door.
 *
 * Not here: what createMesh and createAdmin check themselves, of the mesh's secret and the token.
 */
import { isLoopbackAddress, isLoopbackHost } from "../loopback.js";
import type { Config } from "./config.js";
import { ConfigError } from "./config-error.js";

/** Throws a ConfigError that says what to change. */
export function checkPlacement(config: Config): void {
  const problems = [...idKeyProblems(config), ...redisProblems(config), ...drainProblems(config)];
  if (problems.length > 0) throw new ConfigError(problems);
}

/**
 * Clients choose the names of keys, so who hears a hash of one could guess it, were the hash not
 * keyed by something that only nodes know.
 */
function idKeyProblems({ idKey, listen, advertise, seeds }: Config): string[] {
  if (idKey !== undefined) return [];
  const outside = [
    ...(isLoopbackHost(listen.host) ? [] : [listen.host]),
    ...(advertise === undefined ? [] : [advertise]),
    ...seeds,
  ].find((address) => address === listen.host || !isLoopbackAddress(address));
  if (outside === undefined) return [];
  return [
    `\`idKey\` is required, since ${outside} is not loopback and clients choose the names of keys: ` +
      "give every node the same, for example from `openssl rand -hex 32`, and never change it",
  ];
}

function redisProblems({ redis }: Config): string[] {
  if (redis.password !== undefined || redis.allowUnauthenticated) return [];
  const open = redis.listen.flatMap((address) => ("host" in address ? [address.host] : []));
  return open
    .filter((host) => !isLoopbackHost(host))
    .map(
      (host) =>
        `\`redis.listen\` on ${host} needs \`redis.password\`: anyone who reaches it reads every ` +
        "session. Set one, listen on 127.0.0.1, or say `redis.allowUnauthenticated: true`",
    );
}

function drainProblems({ drain: { readinessDelayMs, deadlineMs } }: Config): string[] {
  if (deadlineMs >= readinessDelayMs + 5_000) return [];
  return [
    `\`drain.deadlineMs\` (${deadlineMs}) must leave time after \`drain.readinessDelayMs\` ` +
      `(${readinessDelayMs}) for clients and peers: give at least 5000 more`,
  ];
}

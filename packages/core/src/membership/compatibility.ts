/**
 * Whether the node at the other end can be spoken with: same cluster, a protocol in common, and a
 * clock that is not so far ahead that nothing it writes could be taken.
 *
 * Digest versions may differ: such nodes are spoken with, but compare no fingerprints.
 */
import type { ReplicaConfig } from "../config.js";
import type { RefusalCode } from "../events.js";
import type { Millis } from "../ids.js";
import { type HelloMessage, PROTOCOL_MAX, PROTOCOL_MIN } from "../wire/messages.js";

/** Why a hello is refused; undefined where it is welcome. */
export function incompatibility(
  hello: HelloMessage,
  config: ReplicaConfig,
  wallMs: Millis,
): { code: RefusalCode; detail: string } | undefined {
  if (hello.cluster !== config.cluster) {
    const detail = `cluster "${hello.cluster}" is not "${config.cluster}"; set \`cluster\` alike`;
    return { code: "cluster", detail };
  }
  if (hello.protocolMin > PROTOCOL_MAX || hello.protocolMax < PROTOCOL_MIN) {
    const theirs = `${hello.protocolMin} to ${hello.protocolMax}`;
    const detail = `protocol ${theirs} has none in common with ${PROTOCOL_MIN} to ${PROTOCOL_MAX}; upgrade one version at a time`;
    return { code: "protocol", detail };
  }
  const aheadMs = hello.wallMs - wallMs;
  if (aheadMs > config.limits.clockAheadMsMax) {
    const aheadS = Math.round(aheadMs / 1_000);
    const detail = `its clock is ${aheadS} s ahead of ours; synchronize the clocks of both machines`;
    return { code: "clock", detail };
  }
  return undefined;
}

/**
 * Whether the node at the other end can be spoken with: same cluster, a protocol in common.
 *
 * Digest versions may differ: such nodes are spoken with, but compare no fingerprints.
 */
import type { ReplicaConfig } from "../config.js";
import type { RefusalCode } from "../events.js";
import { type HelloMessage, PROTOCOL_MAX, PROTOCOL_MIN } from "../wire/messages.js";

/** Why a hello is refused; undefined where it is welcome. */
export function incompatibility(
  hello: HelloMessage,
  config: ReplicaConfig,
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
  return undefined;
}

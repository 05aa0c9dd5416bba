/**
 * The members beside this node: who there is to ask, and who should know.
 *
 * Not here: what each state means (core).
 */
import type { ReplicaStatus } from "@session-mesh/core";

type MemberStatus = ReplicaStatus["members"][number];

/** Whether there is nobody else to ask. */
export function isAlone({ members }: ReplicaStatus): boolean {
  return members.every(({ isSelf, state }) => isSelf || state === "left" || state === "gone");
}

/** Whether a member can be asked now. */
export function isLinkedPeer({ isSelf, isLinked }: MemberStatus): boolean {
  return !isSelf && isLinked;
}

/** Whether a member is another one that will go on, reached or not. */
export function isStaying({ isSelf, state, isDraining }: MemberStatus): boolean {
  return !isSelf && !isDraining && state !== "left" && state !== "gone";
}

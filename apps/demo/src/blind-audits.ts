/**
 * The sabotage `no-audit`, beneath the mesh's public interface, where nobody else reaches: every audit
 * round ends as if the two nodes held the same, so what a push has missed is never repaired.
 *
 * The rounds themselves go on, since a node that drains or joins waits for one. Not here: what makes
 * pushes miss anything (sabotage.ts).
 */
import { decodeFrame, encodeMessage, Replica } from "@session-mesh/core";

/** Blinds the audits of this process, for good. */
export function blindAudits(): void {
  const receive: Replica["receive"] = Replica.prototype.receive;
  Replica.prototype.receive = function blind(link, frame): void {
    const message = decodeFrame(frame);
    const isAnswer = message.type === "partitions";
    // No sums: all of them are equal.
    receive.call(this, link, isAnswer ? encodeMessage({ ...message, sums: [] }) : frame);
  };
}

/** Of two links between the same two nodes both ends keep the same one. */
import { expect, test } from "vitest";
import type { LinkId, NodeId } from "../ids.js";
import { type Link, preferredLink } from "./links.js";
import { SilenceMeter } from "./silence.js";

const [A, B] = ["a", "b"] as unknown as [NodeId, NodeId];

function link(id: number, dialled: string | undefined): Link {
  const silence = new SilenceMeter(0, { intervalMs: 1, floorMs: 1 });
  const rest = { peer: undefined, address: undefined, silentSinceMs: undefined, isRefused: false };
  return { id: id as LinkId, dialled, silence, ...rest };
}

test("of two links dialled by different ends, the one of the lower id stays, on both ends", () => {
  for (const [older, newer] of [
    ["a", "b"],
    ["b", "a"],
  ] as const) {
    const seenBy = (self: "a" | "b") => {
      const at = (id: number, dialler: string): Link =>
        link(id, dialler === self ? "peer:1" : undefined);
      return preferredLink(
        { older: at(1, older), newer: at(2, newer) },
        self === "a" ? A : B,
        self === "a" ? B : A,
      );
    };
    const kept = older === "a" ? 1 : 2;
    expect(seenBy("a").id).toBe(kept);
    expect(seenBy("b").id).toBe(kept);
  }
});

test("of two links dialled by the same end, the newer stays", () => {
  const ours = { older: link(1, "b:1"), newer: link(2, "b:1") };
  const theirs = { older: link(1, undefined), newer: link(2, undefined) };
  expect(preferredLink(ours, A, B).id).toBe(2);
  expect(preferredLink(theirs, B, A).id).toBe(2);
});

import { describe, expect, it } from "vitest";
import type { NodeId, WriterId } from "../ids.js";
import { Namesakes } from "./namesakes.js";

const NODE = "a" as NodeId;
const [FIRST, SECOND, THIRD] = [1, 2, 3] as WriterId[] as [WriterId, WriterId, WriterId];

describe("Namesakes", () => {
  it("takes any number of restarts for what they are", () => {
    const namesakes = new Namesakes();
    for (let writer = 1; writer < 100; writer += 1) {
      expect(namesakes.greeted(NODE, writer as WriterId)).toBe(false);
      expect(namesakes.greeted(NODE, writer as WriterId)).toBe(false);
    }
  });

  it("notices each time that a process comes back after another one of its name", () => {
    const namesakes = new Namesakes();
    expect([FIRST, SECOND].map((writer) => namesakes.greeted(NODE, writer))).toEqual([
      false,
      false,
    ]);
    expect([FIRST, SECOND].map((writer) => namesakes.greeted(NODE, writer))).toEqual([true, true]);
    expect([THIRD, FIRST].map((writer) => namesakes.greeted(NODE, writer))).toEqual([false, true]);
  });

  it("knows nothing of a name that was forgotten", () => {
    const namesakes = new Namesakes();
    for (const writer of [FIRST, SECOND]) namesakes.greeted(NODE, writer);
    namesakes.forget(NODE);
    expect(namesakes.greeted(NODE, FIRST)).toBe(false);
  });
});

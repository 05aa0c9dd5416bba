import { describe, expect, it } from "vitest";
import { RecentMap } from "./recent-map.js";

describe("RecentMap", () => {
  it("never holds more than it may", () => {
    const map = new RecentMap<number, number>(10);
    for (let key = 0; key < 1_000; key += 1) map.set(key, key);
    expect(map.size).toBeLessThanOrEqual(10);
    expect(map.get(999)).toBe(999);
    expect(map.get(0)).toBeUndefined();
  });

  it("keeps what is asked for, whatever else comes", () => {
    const map = new RecentMap<number, string>(10);
    map.set(-1, "wanted");
    for (let key = 0; key < 1_000; key += 1) {
      map.set(key, "other");
      expect(map.get(-1)).toBe("wanted");
    }
    expect(map.size).toBeLessThanOrEqual(10);
  });

  it("answers with what was set last", () => {
    const map = new RecentMap<string, number>(4);
    map.set("a", 1);
    map.set("b", 1);
    map.set("c", 1);
    map.set("a", 2);
    expect(map.get("a")).toBe(2);
  });
});

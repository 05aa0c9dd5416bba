import { describe, expect, test } from "vitest";
import { matchesGlob } from "./glob.js";

const matches = (pattern: string, text: string): boolean =>
  matchesGlob(Buffer.from(pattern), Buffer.from(text));

describe("patterns as Redis reads them", () => {
  test.each([
    ["", "", true],
    ["*", "", true],
    ["?", "", false],
    ["", "a", false],
    ["sess:*", "sess:1", true],
    ["*a*b", "xaybzb", true],
    ["*a*b", "xaybz", false],
    ["h?llo", "hello", true],
    ["h[ae]llo", "hallo", true],
    ["h[^e]llo", "hello", false],
    ["h[^e]llo", "hallo", true],
    ["h[a-c]llo", "hbllo", true],
    ["h[c-a]llo", "hbllo", true],
    ["h[a-c]llo", "hdllo", false],
    [String.raw`a\*b`, "a*b", true],
    [String.raw`a\*b`, "axb", false],
    [String.raw`[\]]`, "]", true],
    ["[]a", "a", false],
    ["[ab", "b", true],
    ["[^", "x", true],
    ["a\\", "a\\", true],
    ["[a-", "-", true],
  ])("%s against %s", (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });
});

test("a pattern made to be slow takes no longer than both lengths multiplied", () => {
  const startedAt = performance.now();
  expect(matches("*a".repeat(500) + "b", "a".repeat(20_000))).toBe(false);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

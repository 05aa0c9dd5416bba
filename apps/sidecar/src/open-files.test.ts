import { expect, test } from "vitest";
import { openFilesWarning } from "./open-files.js";

const limits = (files: string): string =>
  `Limit                     Soft Limit           Hard Limit\nMax open files            ${files}            1048576              files\n`;

test("fewer files than connections and some more: it is said, with what to raise", () => {
  expect(openFilesWarning(10_000, limits("4096"))).toMatch(
    /may open 4096 files only: raise LimitNOFILE/,
  );
  expect(openFilesWarning(10_000, limits("10512"))).toBeUndefined();
});

test("without a limit, or where none is told, nothing is said", () => {
  expect(openFilesWarning(10_000, limits("unlimited"))).toBeUndefined();
  expect(openFilesWarning(10_000, undefined)).toBeUndefined();
});

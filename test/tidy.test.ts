/** The repository's own rules, checked over its files, and each rule checked on a bad sample. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import * as rules from "./tidy/rules.js";
import { ROOT, sources } from "./tidy/sources.js";

const code = sources(".ts");

/** Files that something other than an import starts: package exports and binaries. */
const ENTRIES = new Set([
  "packages/core/src/index.ts",
  "packages/sim/src/index.ts",
  "packages/session-mesh/src/index.ts",
  "packages/session-mesh/src/adapters/express.ts",
  "packages/session-mesh/src/adapters/express-types.ts",
  "packages/session-mesh/src/express-session/mesh-store.ts",
  "packages/session-mesh/src/observe/admin.ts",
  "packages/session-mesh/src/storage/lmdb.ts",
  "packages/tomcat/src/index.ts",
  "packages/tomcat/src/build.ts",
  "packages/session-mesh/src/records.ts",
  "apps/demo/src/main.ts",
  "apps/demo/src/app-server.ts",
  "apps/sidecar/src/main.ts",
  "apps/demo/src/tomcat/main.ts",
  "apps/demo/src/tomcat/reaper-process.ts",
]);

const isPublic = (path: string): boolean => ENTRIES.has(path);

describe("architecture", () => {
  test("invariant 1: core and sim are handed their clock, randomness, network and disk", () => {
    expect(rules.pureCore(code)).toEqual([]);
  });
  test("invariant 2: the four machines do not know one another", () => {
    expect(rules.machinesApart(code)).toEqual([]);
  });
  test("invariants 3, 6, 7: yjs, msgpackr, decoding and apps have one owner", () => {
    expect(rules.ownedModules(code)).toEqual([]);
  });
  test("invariant 4: sim and session-mesh do not know each other", () => {
    expect(rules.simApart(code)).toEqual([]);
  });
  test("invariant 8: no file is unimported, no export unused", () => {
    expect(rules.noDeadFiles(code, ENTRIES)).toEqual([]);
    expect(rules.noDeadExports(code, isPublic)).toEqual([]);
  });
});

describe("style", () => {
  test("files, functions and lines keep their budgets", () => {
    expect(rules.budgets(code)).toEqual([]);
  });
  test("nothing is left behind", () => {
    expect(rules.leftovers(code.filter(({ path }) => !path.startsWith("test/tidy")))).toEqual([]);
  });
  test("files are named after what is in them", () => {
    expect(rules.fileNames(code)).toEqual([]);
  });
  test("files say what they are and exports what they mean", () => {
    expect(rules.documented(code)).toEqual([]);
  });
});

describe("documents", () => {
  test("links lead somewhere", () => {
    const broken = sources(".md").flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
        .map((match) => match[1] ?? "")
        .filter((target) => !existsSync(join(ROOT, dirname(path), target)))
        .map((target) => `${path}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test("every command that documents print is an npm script", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const unknown = sources(".md").flatMap(({ path, text }) =>
      [...text.matchAll(/npm run ([\w:-]+)/g)]
        .map((match) => match[1] ?? "")
        .filter((script) => !(script in scripts))
        .map((script) => `${path}: npm run ${script}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe("the rules find what they look for", () => {
  const at = (path: string, text: string): { path: string; text: string } => ({ path, text });

  test("a clock in core", () => {
    const bad = at("packages/core/src/bad.ts", "const now = Date.now();\n");
    expect(rules.pureCore([bad])).toHaveLength(1);
    expect(rules.pureCore([at("packages/core/src/ok.ts", "// Date.now()\n")])).toEqual([]);
  });
  test("a machine that knows another", () => {
    const text = 'import { x } from "../gossip/acks.js";\n';
    expect(rules.machinesApart([at("packages/core/src/session/bad.ts", text)])).toHaveLength(1);
  });
  test("yjs outside the session", () => {
    const bad = at("packages/core/src/gossip/bad.ts", 'import * as Y from "yjs";\n');
    expect(rules.ownedModules([bad])).toHaveLength(1);
  });
  test("a long file, a long function, a wide line", () => {
    const long = `/** It. */\nfunction f(): void {\n${"  f();\n".repeat(70)}}\n`;
    expect(rules.budgets([at("packages/core/src/bad.ts", long)])).toHaveLength(1);
    expect(rules.budgets([at("packages/core/src/bad.ts", "x\n".repeat(301))])).toHaveLength(1);
    expect(rules.budgets([at("packages/core/src/bad.ts", `${"x".repeat(111)}\n`)])).toHaveLength(1);
  });
  test("an unimported file, an unused and an undocumented export", () => {
    const bad = at("packages/core/src/bad.ts", "export const unused = 1;\n");
    expect(rules.noDeadFiles([bad], new Set())).toHaveLength(1);
    expect(rules.noDeadExports([bad], () => false)).toHaveLength(1);
    expect(rules.documented([bad])).toHaveLength(2);
  });
  test("leftovers and catch-all names", () => {
    const marker = ["FIX", "ME"].join("");
    expect(rules.leftovers([at("packages/core/src/bad.ts", `// ${marker}\n`)])).toHaveLength(1);
    expect(rules.fileNames([at("packages/core/src/utils.ts", "")])).toHaveLength(1);
    expect(rules.fileNames([at("packages/core/src/BadName.ts", "")])).toHaveLength(1);
  });
});

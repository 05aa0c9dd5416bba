/** The jars: what `session-mesh tomcat-jar` writes, and that one source gives the same for either Tomcat. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  compileJar,
  librariesOf,
  TOMCATS,
  TomcatJarError,
  tomcatLibraries,
} from "@session-mesh/tomcat";
import { ROOT } from "../tidy/sources.js";
import { missingFor } from "./tomcats.js";

const missing = missingFor("9") ?? missingFor("10");
if (missing !== undefined) process.stderr.write(`the jars for Tomcat are not made: ${missing}\n`);

const directory = mkdtempSync(join(tmpdir(), "session-mesh-jars-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.skipIf(missing !== undefined)("the jars", { timeout: 120_000 }, () => {
  test("are byte for byte the same classes for Tomcat 9 and 10.1, and run on Java 8", () => {
    const [nine, ten] = TOMCATS.map((release) => {
      const file = join(directory, `${release}.jar`);
      compileJar(file, tomcatLibraries(release));
      return classesOf(file);
    }) as [Map<string, Buffer>, Map<string, Buffer>];
    expect(nine.size).toBeGreaterThan(10);
    expect([...ten.keys()]).toEqual([...nine.keys()]);
    for (const [name, bytes] of nine) {
      expect(ten.get(name)?.equals(bytes), name).toBe(true);
      expect(bytes.readUInt16BE(6), name).toBe(52);
    }
  });

  test("are written by session-mesh tomcat-jar, which says where", () => {
    const to = join(directory, "placed");
    const { status, stdout } = run("tomcat-jar", to);
    const names = ["session-mesh-tomcat9.jar", "session-mesh-tomcat10.jar"];
    expect([status, stdout]).toEqual([0, names.map((name) => `${join(to, name)}\n`).join("")]);
    expect(readdirSync(to).sort()).toEqual(names.sort());
  });
});

describe("without a Tomcat to compile against", () => {
  test("the verb says what is missing, and how to get it", () => {
    const { status, stderr } = run("tomcat-jar", directory, "--tomcat-lib", join(directory, "no"));
    expect(status).toBe(1);
    expect(stderr).toContain("name its lib directory with --tomcat-lib");
    expect(() => compileJar(join(directory, "x.jar"), librariesOf(directory))).toThrow(
      TomcatJarError,
    );
  });
});

function run(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const main = join(ROOT, "apps/sidecar/src/main.ts");
  const node = ["--conditions=session-mesh-source", "--import", "tsx", main];
  return spawnSync(process.execPath, [...node, ...words], { encoding: "utf8" });
}

/** The classes in a jar, by name. */
function classesOf(jar: string): Map<string, Buffer> {
  const to = mkdtempSync(join(directory, "classes-"));
  spawnSync("jar", ["--extract", "--file", jar], { cwd: to });
  const names = readdirSync(to, { recursive: true, encoding: "utf8" });
  const classes = names.filter((name) => name.endsWith(".class")).sort();
  return new Map(classes.map((name) => [name, readFileSync(join(to, name))]));
}

describe("docs/TOMCAT.md", () => {
  test("has every option of the manager, and no other", () => {
    const manager = "packages/tomcat/java/sessionmesh/tomcat/ManagerOptions.java";
    const java = readFileSync(join(ROOT, manager), "utf8");
    const options = [...java.matchAll(/public void set(\w)(\w+)\((?!Context )/g)].map(
      ([, first, rest]) => `${first?.toLowerCase()}${rest}`,
    );
    const guide = readFileSync(join(ROOT, "docs/TOMCAT.md"), "utf8");
    const rows = [...guide.matchAll(/^\| (`.*?`) \| /gm)].flatMap(([, names]) =>
      [...(names as string).matchAll(/`(\w+)`/g)].map(([, name]) => name as string),
    );
    const inherited = ["sessionAttributeNameFilter", "sessionAttributeValueClassNameFilter"];
    expect(rows.filter((name) => !inherited.includes(name)).sort()).toEqual(options.sort());
  });
});

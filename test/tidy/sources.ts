/**
 * The repository's files as the tidy rules see them: those that git tracks or would track.
 *
 * Not the rules themselves (rules.ts).
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** A text file of the repository; `path` is relative to the root, with forward slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Every tracked or trackable file with one of these endings. */
export function sources(...endings: readonly string[]): Source[] {
  const list = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const paths = execFileSync("git", list, { cwd: ROOT, encoding: "utf8" }).trim().split("\n");
  return paths
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .filter((path) => existsSync(join(ROOT, path)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

/** Whether a file is a test, or stands where only tests stand. */
export function isTest(path: string): boolean {
  return /\.(test|suite|bench)\.ts$/.test(path) || path.startsWith("test/");
}

/** What a file imports or re-exports: package names as they are, relative ones as paths. */
export function importsOf({ path, text }: Source): string[] {
  const code = withoutComments(text);
  const pattern =
    /(?:^|[\s;])(?:import|export)\s(?:[^"';]*?\sfrom\s)?["']([^"']+)["']|import\(\s*["']([^"']+)["']/g;
  const specifiers = [...code.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? "");
  return specifiers.map((specifier) =>
    specifier.startsWith(".")
      ? normalize(join(dirname(path), specifier)).replace(/\.js$/, ".ts")
      : specifier,
  );
}

/** The code with its comments blanked, lines kept. */
export function withoutComments(text: string): string {
  const blank = (match: string): string => match.replace(/[^\n]/g, " ");
  return text.replace(/\/\*[\s\S]*?\*\//g, blank).replace(/(^|[^:"'`\\])\/\/[^\n]*/gm, blank);
}

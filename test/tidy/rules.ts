/**
 * The repository's own rules: each takes files and returns what is wrong, as `path:line: sentence`.
 *
 * Not here: which files (sources.ts), and what cannot be checked by reading text (review).
 */
import { basename } from "node:path";
import { importsOf, isTest, type Source, withoutComments } from "./sources.js";

/** What is wrong, a line each. */
export type Findings = string[];

const FORBIDDEN_NAMES = [
  ...["Date\\.now", "new Date", "performance", "setTimeout", "setInterval", "setImmediate"],
  ...["queueMicrotask", "Math\\.random", "Math\\.log\\w*", "Math\\.exp\\w*", "Math\\.pow"],
  ...["crypto", "console", "process", "async", "await", "Promise"],
];

const FORBIDDEN_IN_CORE = new RegExp(`(?<![#.])\\b(${FORBIDDEN_NAMES.join("|")})\\b`);

const isPure = (path: string): boolean =>
  /^packages\/(core|sim)\/src\//.test(path) && !isTest(path);

/** Invariant 1: core and sim name no clock, timer, randomness, console, process or promise. */
export function pureCore(files: readonly Source[]): Findings {
  return files
    .filter(({ path }) => isPure(path))
    .flatMap((file) => [
      ...lines(withoutStrings(withoutComments(file.text)), FORBIDDEN_IN_CORE).map(
        ({ line, found }) => `${file.path}:${line}: names ${found}; it must be handed in`,
      ),
      ...importsOf(file)
        .filter((specifier) => specifier.startsWith("node:"))
        .map((specifier) => `${file.path}: imports ${specifier}`),
    ]);
}

const MACHINES = ["session", "membership", "gossip", "antientropy"];

/** Invariant 2: the four machines do not know one another, nor who composes them. */
export function machinesApart(files: readonly Source[]): Findings {
  const allowed =
    /^packages\/core\/src\/(wire\/messages|runtime|events|config|ids|assert|prng|hlc|session-state)\.ts$/;
  return files.flatMap((file) => {
    const machine = /^packages\/core\/src\/(\w+)\//.exec(file.path)?.[1];
    if (!machine || !MACHINES.includes(machine) || isTest(file.path)) return [];
    return importsOf(file)
      .filter((target) => target.startsWith("packages/"))
      .filter(
        (target) => !target.startsWith(`packages/core/src/${machine}/`) && !allowed.test(target),
      )
      .map((target) => `${file.path}: the ${machine} machine imports ${target}`);
  });
}

const OWNERS: readonly { module: RegExp; owner: RegExp; said: string }[] = [
  { module: /^yjs$/, owner: /^packages\/core\/src\/session\//, said: "core/session" },
  {
    module: /^lmdb$/,
    owner: /^packages\/session-mesh\/src\/storage\/lmdb(-writer)?\.ts$/,
    said: "session-mesh/lmdb",
  },
  { module: /^msgpackr/, owner: /^packages\/core\/src\/wire\//, said: "core/wire" },
  { module: /^@session-mesh\/sim$/, owner: /^(packages\/sim|apps|test)\//, said: "apps and tests" },
  {
    module: /\/wire\/validate\.ts$/,
    owner: /^packages\/core\/src\/(replica|index)\.ts$/,
    said: "replica.ts",
  },
  { module: /^(apps|test)\//, owner: /^(apps|test)\//, said: "its own app or tests" },
];

/** Invariants 3, 4, 6 and 7: who alone may import what. */
export function ownedModules(files: readonly Source[]): Findings {
  return files.flatMap((file) => {
    if (isTest(file.path) || !/^(packages|apps)\/.*\.ts$/.test(file.path)) return [];
    return importsOf(file).flatMap((target) =>
      OWNERS.filter(({ module, owner }) => module.test(target) && !owner.test(file.path)).map(
        ({ said }) => `${file.path}: imports ${target}, which only ${said} may`,
      ),
    );
  });
}

/** Invariant 4: sim and session-mesh do not know each other. */
export function simApart(files: readonly Source[]): Findings {
  return files
    .filter(({ path }) => path.startsWith("packages/sim/src/"))
    .flatMap((file) =>
      importsOf(file)
        .filter(
          (target) =>
            /^session-mesh(\/|$)/.test(target) || target.includes("packages/session-mesh"),
        )
        .map((target) => `${file.path}: imports ${target}`),
    );
}

/** Invariant 8: every source file is imported by another, or is an entry point. */
export function noDeadFiles(files: readonly Source[], entries: ReadonlySet<string>): Findings {
  const imported = new Set(files.flatMap(importsOf));
  return files
    .filter(({ path }) => /^(packages|apps)\/[\w-]+\/src\//.test(path) && !isTest(path))
    .filter(({ path }) => !imported.has(path) && !entries.has(path))
    .map(({ path }) => `${path}: imported by nobody`);
}

/** Invariant 8: an export is used by another file, is public, or is the type of one that is. */
export function noDeadExports(
  files: readonly Source[],
  isPublic: (path: string) => boolean,
): Findings {
  const code = files.map(({ path, text }) => ({ path, text: withoutComments(text) }));
  return code
    .filter(
      ({ path }) =>
        /^(packages|apps)\/[\w-]+\/src\//.test(path) && !isTest(path) && !isPublic(path),
    )
    .flatMap(({ path, text }) =>
      exportedNames(text)
        .filter(({ name, isType }) => !(isType && mentions(text, name, 2)))
        .filter(
          ({ name }) => !code.some((other) => other.path !== path && mentions(other.text, name)),
        )
        .map(({ name, line }) => `${path}:${line}: nobody uses the export ${name}`),
    );
}

const FILE_LINES_MAX = { source: 300, test: 500 };
const FUNCTION_LINES_MAX = 60;
const COLUMNS_MAX = 110;

/** Budgets: lines a file, lines a function, columns a line. */
export function budgets(files: readonly Source[]): Findings {
  return files.flatMap(({ path, text }) => {
    const all = text.split("\n");
    const linesMax = isTest(path) ? FILE_LINES_MAX.test : FILE_LINES_MAX.source;
    const long =
      all.length - 1 > linesMax ? [`${path}: ${all.length - 1} lines, over ${linesMax}`] : [];
    const wide = all.flatMap((line, index) =>
      line.length > COLUMNS_MAX && !/https?:|import |from "|`|"/.test(line)
        ? [`${path}:${index + 1}: ${line.length} columns, over ${COLUMNS_MAX}`]
        : [],
    );
    return [...long, ...wide, ...(isTest(path) ? [] : longFunctions({ path, text }))];
  });
}

/** Functions over the budget, found by the formatter's indentation. */
export function longFunctions({ path, text }: Source): Findings {
  const all = text.split("\n");
  const method = String.raw`(?:static |readonly |async |get |set )*[#\w]+\(.*`;
  const opening = String.raw`^(\s*)(?:export )?(?:async )?(?:function\b.*|${method}|.*=>) ?\{$`;
  const start = new RegExp(String.raw`${opening}|^(\s*)\)(?:: [^{]+)? \{$`);
  return all.flatMap((line, index) => {
    const match = start.exec(line);
    if (!match || /^\s*(if|for|while|switch|describe|\} else)\b/.test(line)) return [];
    const indent = match[1] ?? match[2] ?? "";
    const end = all.findIndex((other, at) => at > index && other.startsWith(`${indent}}`));
    const length = end - index + 1;
    return length > FUNCTION_LINES_MAX
      ? [`${path}:${index + 1}: a function of ${length} lines, over ${FUNCTION_LINES_MAX}`]
      : [];
  });
}

const COMMENTS_TOO = /FIXME|TODO|ts-ignore/;

const LEFTOVERS: readonly { pattern: RegExp; said: string; where: (path: string) => boolean }[] = [
  { pattern: /\b(FIXME|XXX)\b/, said: "leftover, remove before merging", where: () => true },
  { pattern: /\bTODO\b(?!.*#\d)/, said: "a TODO names an issue", where: () => true },
  {
    pattern: /\b(it|test|describe)\.(only|skip)\(/,
    said: "a test that is left out",
    where: isTest,
  },
  {
    pattern: /\bconsole\.log\(/,
    said: "console.log",
    where: (path) => path.startsWith("packages/"),
  },
  {
    pattern: /(@ts-ignore|@ts-expect-error|oxlint-disable)(?!.*reason:)/,
    said: "a suppression without `reason:`",
    where: () => true,
  },
  { pattern: /:\s*any\b|\bas any\b|<any>/, said: "any", where: () => true },
  {
    pattern: /^\s*(export )?(const )?enum |^\s*(export )?namespace /,
    said: "enum or namespace",
    // Express' request type is extended by merging into its global namespace, in no other way.
    where: (path) => !path.endsWith("/adapters/express-types.ts"),
  },
];

/** What must not be left behind. */
export function leftovers(files: readonly Source[]): Findings {
  return files.flatMap(({ path, text }) =>
    LEFTOVERS.filter(({ where }) => where(path)).flatMap(({ pattern, said }) =>
      lines(searched(text, pattern), pattern).map(({ line }) => `${path}:${line}: ${said}`),
    ),
  );
}

/** Comments are searched only for what is left behind in comments. */
function searched(text: string, pattern: RegExp): string {
  return withoutStrings(COMMENTS_TOO.test(pattern.source) ? text : withoutComments(text));
}

const BANNED_NAMES = /(^|-)(utils?|helpers?|common|types|misc|manager|base|shared)\.ts$/;

/** Files are kebab-case nouns, none of them a catch-all. */
export function fileNames(files: readonly Source[]): Findings {
  return files.flatMap(({ path }) => {
    const name = basename(path);
    if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.ts$/.test(name)) return [`${path}: not kebab-case`];
    const isBanned = BANNED_NAMES.test(name) && name !== "express-types.ts";
    return isBanned ? [`${path}: a catch-all name; name what is in it`] : [];
  });
}

/** Every source file opens with what it is; every export is documented. */
export function documented(files: readonly Source[]): Findings {
  return files.flatMap(({ path, text }) => {
    if (!/^(packages|apps)\/[\w-]+\/src\//.test(path) || isTest(path)) return [];
    const isOpened = /^(#!.*\n)?\/\*\*/.test(text);
    const opening = isOpened ? [] : [`${path}: does not open with what it is and what it is not`];
    const all = text.split("\n");
    const bare = exportedNames(text)
      .filter(({ line }) => !/\*\/\s*$/.test(all[line - 2] ?? ""))
      .map(({ name, line }) => `${path}:${line}: the export ${name} is not documented`);
    return [...opening, ...bare];
  });
}

function exportedNames(text: string): { name: string; line: number; isType: boolean }[] {
  const pattern =
    /^export (?:declare )?(?:abstract )?(?:async )?(function\*?|class|const|interface|type) (\w+)/;
  return text.split("\n").flatMap((line, index) => {
    const [, keyword, name] = pattern.exec(line) ?? [];
    const isType = keyword === "interface" || keyword === "type";
    return name === undefined ? [] : [{ name, line: index + 1, isType }];
  });
}

function mentions(text: string, name: string, times = 1): boolean {
  return (text.match(new RegExp(`\\b${name}\\b`, "g"))?.length ?? 0) >= times;
}

function withoutStrings(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, (match) =>
    match.replace(/[^\n]/g, " "),
  );
}

function lines(text: string, pattern: RegExp): { line: number; found: string }[] {
  return text.split("\n").flatMap((content, index) => {
    const found = pattern.exec(content)?.[0];
    return found === undefined ? [] : [{ line: index + 1, found }];
  });
}

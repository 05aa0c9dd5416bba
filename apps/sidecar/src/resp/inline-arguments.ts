/**
 * A line typed by a person (`SET a "b\n"`) to arguments, with Redis' rules of quoting.
 *
 * Not here: finding the line's end (command-decoder.ts).
 */

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["b", "\b"],
  ["a", "\x07"],
]);

/** The arguments of a line, or undefined where quotes are not closed or not followed by a space. */
export function splitInline(line: Buffer): Buffer[] | undefined {
  const text = line.toString("latin1");
  const args: Buffer[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text[at])) at++;
    if (at >= text.length || text[at] === "\0") return args;
    const word = readWord(text, at);
    if (word === undefined) return undefined;
    args.push(Buffer.from(word.value, "latin1"));
    at = word.end;
  }
}

interface Word {
  readonly value: string;
  readonly end: number;
}

/** One argument: plain characters and quoted parts, until a space. */
function readWord(text: string, start: number): Word | undefined {
  let value = "";
  let at = start;
  while (at < text.length && !isSpace(text[at]) && text[at] !== "\0") {
    const quote = text[at];
    if (quote !== '"' && quote !== "'") {
      value += quote;
      at++;
      continue;
    }
    const quoted = quote === '"' ? readDoubleQuoted(text, at + 1) : readSingleQuoted(text, at + 1);
    if (quoted === undefined) return undefined;
    // A closing quote ends the argument: a space or nothing at all must follow.
    if (quoted.end < text.length && !isSpace(text[quoted.end])) return undefined;
    return { value: value + quoted.value, end: quoted.end };
  }
  return { value, end: at };
}

function readDoubleQuoted(text: string, start: number): Word | undefined {
  let value = "";
  for (let at = start; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === '"') return { value, end: at + 1 };
    if (char !== "\\" || at + 1 >= text.length) {
      value += char;
      continue;
    }
    const hex = /^x([0-9a-fA-F]{2})/.exec(text.slice(at + 1, at + 4))?.[1];
    const next = text[at + 1] ?? "";
    value +=
      hex === undefined ? (ESCAPES.get(next) ?? next) : String.fromCharCode(parseInt(hex, 16));
    at += hex === undefined ? 1 : 3;
  }
  return undefined;
}

function readSingleQuoted(text: string, start: number): Word | undefined {
  let value = "";
  for (let at = start; at < text.length; at++) {
    if (text[at] === "'") return { value, end: at + 1 };
    if (text[at] === "\\" && text[at + 1] === "'") at++;
    value += text[at] ?? "";
  }
  return undefined;
}

function isSpace(char: string | undefined): boolean {
  return char !== undefined && " \t\n\v\f\r".includes(char);
}

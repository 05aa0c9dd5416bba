/**
 * PHP's session formats, as text with a unit for each byte: the variables of `php`, `name|value…`, and
 * the elements of the array that `php_serialize` writes.
 *
 * Values that refer to each other (`R:`, `r:`) count across the whole blob, and what a class wrote for
 * itself (`C:`) may: such blobs are not taken apart.
 *
 * Not here: what values mean. Nothing is ever instantiated.
 */

/** No value is nested deeper. */
const DEPTH_MAX = 200;

const COUNT = /(\d{1,10}):/y;
const SCALAR = /(?:N|[bi]:-?\d+|d:[-+.\deEINFA]+);/y;

/** The variables by name; undefined for what is not of the format. */
export function splitPhp(text: string): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  for (let at = 0; at < text.length;) {
    const bar = text.indexOf("|", at);
    if (bar <= at || text[at] === "!") return undefined;
    const end = endOfValue(text, bar + 1, 0);
    if (end === undefined) return undefined;
    fields.set(text.slice(at, bar), text.slice(bar + 1, end));
    at = end;
  }
  return text === "" ? undefined : fields;
}

/** The blob that variables make. */
export function joinPhp(fields: ReadonlyMap<string, string>): string {
  return [...fields].map(([name, value]) => `${name}|${value}`).join("");
}

/** The elements of one array by the text of their keys; undefined for what is not of the format. */
export function splitPhpArray(text: string): Map<string, string> | undefined {
  const open = openingOf(text, "a:", 0);
  if (!open) return undefined;
  const fields = new Map<string, string>();
  let { at } = open;
  for (let i = 0; i < open.count; i++) {
    const keyEnd = endOfKey(text, at);
    const end = keyEnd === undefined ? undefined : endOfValue(text, keyEnd, 1);
    if (keyEnd === undefined || end === undefined) return undefined;
    fields.set(text.slice(at, keyEnd), text.slice(keyEnd, end));
    at = end;
  }
  return text[at] === "}" && at + 1 === text.length ? fields : undefined;
}

/** The array that elements make. */
export function joinPhpArray(fields: ReadonlyMap<string, string>): string {
  return `a:${fields.size}:{${[...fields].map(([key, value]) => key + value).join("")}}`;
}

/** How many pairs follow, and where the first begins. */
function openingOf(
  text: string,
  prefix: string,
  at: number,
): { readonly count: number; readonly at: number } | undefined {
  if (!text.startsWith(prefix, at)) return undefined;
  const count = countAt(text, at + prefix.length);
  if (!count || text[count.end] !== "{") return undefined;
  return { count: count.value, at: count.end + 1 };
}

function countAt(text: string, at: number): { value: number; end: number } | undefined {
  COUNT.lastIndex = at;
  const match = COUNT.exec(text);
  return match ? { value: Number(match[1]), end: COUNT.lastIndex } : undefined;
}

function endOfKey(text: string, at: number): number | undefined {
  return text[at] === "i" || text[at] === "s" ? endOfValue(text, at, 0) : undefined;
}

/** Where the value that begins at `at` is over; undefined where none does that we know. */
function endOfValue(text: string, at: number, depth: number): number | undefined {
  if (depth > DEPTH_MAX) return undefined;
  switch (text[at]) {
    case "s":
    case "E": {
      const end = endOfString(text, at);
      return end !== undefined && text[end] === ";" ? end + 1 : undefined;
    }
    case "a":
      return endOfPairs(text, openingOf(text, "a:", at), depth);
    case "O": {
      const end = endOfString(text, at);
      return end === undefined ? undefined : endOfPairs(text, openingOf(text, ":", end), depth);
    }
    default:
      SCALAR.lastIndex = at;
      return SCALAR.test(text) ? SCALAR.lastIndex : undefined;
  }
}

/** Behind the closing quote of `s:3:"abc"`. */
function endOfString(text: string, at: number): number | undefined {
  const count = text[at + 1] === ":" ? countAt(text, at + 2) : undefined;
  if (!count || text[count.end] !== '"') return undefined;
  const end = count.end + 1 + count.value;
  return text[end] === '"' ? end + 1 : undefined;
}

function endOfPairs(
  text: string,
  open: { readonly count: number; readonly at: number } | undefined,
  depth: number,
): number | undefined {
  let at = open?.at;
  for (let i = 0; i < (open?.count ?? 0) && at !== undefined; i++) {
    const keyEnd: number | undefined = endOfKey(text, at);
    at = keyEnd === undefined ? undefined : endOfValue(text, keyEnd, depth + 1);
  }
  return at !== undefined && text[at] === "}" ? at + 1 : undefined;
}

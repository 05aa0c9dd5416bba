/**
 * The attributes of a JSON object as `JSON.stringify` writes it, as text with a unit for each byte.
 *
 * Not here: what is beneath an attribute; that is one value.
 */

/** The attributes by the text between their quotes; undefined for what is no JSON object. */
export function splitJson(text: string): Map<string, string> | undefined {
  if (text[0] !== "{" || !isJson(text)) return undefined;
  const fields = new Map<string, string>();
  for (let at = 1; text[at] === '"';) {
    const nameEnd = stringEnd(text, at);
    const valueEnd = endOfValue(text, nameEnd + 1);
    fields.set(text.slice(at + 1, nameEnd - 1), text.slice(nameEnd + 1, valueEnd));
    at = valueEnd + 1;
  }
  return fields;
}

/** The object that attributes make. */
export function joinJson(fields: ReadonlyMap<string, string>): string {
  return `{${[...fields].map(([name, value]) => `"${name}":${value}`).join(",")}}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Behind the quote that ends the string which begins at `at`. */
function stringEnd(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
  return end + 1;
}

/** Where the value that begins at `from` is over: at a comma or a brace of the object around it. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const char = text[at] as string;
    if (char === '"') {
      at = stringEnd(text, at);
      continue;
    }
    if (depth === 0 && (char === "," || char === "}")) return at;
    if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") depth--;
    at++;
  }
  return at;
}

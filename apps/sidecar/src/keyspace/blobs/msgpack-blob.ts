/**
 * The entries of a msgpack map, as text with a unit for each byte. Keys and values are only measured.
 *
 * https://github.com/msgpack/msgpack/blob/master/spec.md
 * Not here: what values mean.
 */

/** No value is nested deeper. */
const DEPTH_MAX = 200;

/** The bytes that follow a first byte from 0xc0 on; those with a length of their own are measured. */
const WIDTHS: Readonly<Record<number, number>> = {
  ...{ 0xc0: 0, 0xc2: 0, 0xc3: 0, 0xca: 4, 0xcb: 8 },
  ...{ 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8, 0xd0: 1, 0xd1: 2, 0xd2: 4, 0xd3: 8 },
  ...{ 0xd4: 2, 0xd5: 3, 0xd6: 5, 0xd7: 9, 0xd8: 17 },
};

/** First bytes of what has a length of so many bytes, and how much is added to it. */
const SIZED: Readonly<Record<number, readonly [lengthBytes: number, more: number]>> = {
  ...{ 0xc4: [1, 0], 0xc5: [2, 0], 0xc6: [4, 0], 0xc7: [1, 1], 0xc8: [2, 1], 0xc9: [4, 1] },
  ...{ 0xd9: [1, 0], 0xda: [2, 0], 0xdb: [4, 0] },
};

/** The entries by the bytes of their keys; undefined for what is no map. */
export function splitMsgpack(text: string): Map<string, string> | undefined {
  const head = headOf(text, 0);
  if (!head || !isMap(text.charCodeAt(0))) return undefined;
  const fields = new Map<string, string>();
  let at = head.end;
  for (let i = 0; i < head.items; i += 2) {
    const keyEnd = endOfValue(text, at, 1);
    const end = keyEnd === undefined ? undefined : endOfValue(text, keyEnd, 1);
    if (keyEnd === undefined || end === undefined) return undefined;
    fields.set(text.slice(at, keyEnd), text.slice(keyEnd, end));
    at = end;
  }
  return at === text.length ? fields : undefined;
}

/** The map that entries make, with the shortest head. */
export function joinMsgpack(fields: ReadonlyMap<string, string>): string {
  const { size } = fields;
  const bytes =
    size < 16
      ? [0x80 | size]
      : size < 65_536
        ? [0xde, size >> 8, size & 0xff]
        : [0xdf, size >>> 24, (size >> 16) & 0xff, (size >> 8) & 0xff, size & 0xff];
  return String.fromCharCode(...bytes) + [...fields].map(([key, value]) => key + value).join("");
}

function isMap(first: number): boolean {
  return (first >= 0x80 && first < 0x90) || first === 0xde || first === 0xdf;
}

/** Where the head of a list or a map ends, and how many values follow; undefined for anything else. */
function headOf(text: string, at: number): { items: number; end: number } | undefined {
  const first = text.charCodeAt(at);
  if (first >= 0x80 && first < 0x90) return { items: 2 * (first & 0x0f), end: at + 1 };
  if (first >= 0x90 && first < 0xa0) return { items: first & 0x0f, end: at + 1 };
  if (first < 0xdc || first > 0xdf) return undefined;
  const width = first % 2 === 0 ? 2 : 4;
  const count = numberAt(text, at + 1, width);
  return { items: first >= 0xde ? 2 * count : count, end: at + 1 + width };
}

function numberAt(text: string, at: number, width: number): number {
  let value = 0;
  for (let i = at; i < at + width; i++) value = value * 256 + text.charCodeAt(i);
  return value;
}

/** Where the value that begins at `at` is over; undefined where it is cut off or too deep. */
function endOfValue(text: string, at: number, depth: number): number | undefined {
  const end = depth > DEPTH_MAX ? undefined : measured(text, at, depth);
  return end !== undefined && end <= text.length ? end : undefined;
}

function measured(text: string, at: number, depth: number): number | undefined {
  const first = text.charCodeAt(at);
  if (first < 0x80 || first >= 0xe0) return at + 1;
  if (first >= 0xa0 && first < 0xc0) return at + 1 + (first & 0x1f);
  const head = headOf(text, at);
  if (!head) {
    const sized = SIZED[first];
    if (sized) return at + 1 + sized[0] + sized[1] + numberAt(text, at + 1, sized[0]);
    const width = WIDTHS[first];
    return width === undefined ? undefined : at + 1 + width;
  }
  let end: number | undefined = head.end;
  for (let i = 0; i < head.items && end !== undefined; i++) end = endOfValue(text, end, depth + 1);
  return end;
}

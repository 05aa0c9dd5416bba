/**
 * Whether what shows and what was left behind are the same value, and how large either is.
 *
 * Whether a value is one leaf (`atomic`) makes no difference to being equal.
 *
 * Not here: what to do about a difference (diff.ts).
 */
import type { Bytes } from "../ids.js";
import { equalWholes, wholeOfContent } from "./payload.js";
import { scalarOf, wholeOf } from "./snapshot.js";
import { type Content, type Scalar, equalScalars } from "./values.js";
import { memoOf, type View } from "./view.js";

/** Whether `view` shows the value that `content` is. */
export function equalsView(view: View, content: Content): boolean {
  switch (view.shown) {
    case "scalar":
      return content.kind === "scalar" && equalScalars(scalarOf(view.own), content.value);
    case "counter":
      return equalsNumber(view.counter?.value, content);
    case "atomic":
      return content.kind !== "scalar" && equalWholes(wholeOf(view.own), wholeOfContent(content));
    case "object":
      return content.kind === "object" && equalsObject(view, content.fields);
    case "list":
      if (content.kind !== "list" || content.items.length !== view.items.length) return false;
      return view.items.every((item, i) => equalsView(item, content.items[i] as Content));
  }
}

function equalsNumber(value: number | undefined, content: Content): boolean {
  if (content.kind === "scalar") return content.value === value;
  return content.kind === "counter" && content.total === value && content.resetTo === undefined;
}

function equalsObject(view: View, fields: ReadonlyMap<string, Content>): boolean {
  if (fields.size !== view.fields.size) return false;
  for (const [name, field] of view.fields) {
    const content = fields.get(name);
    if (!content || !equalsView(field, content)) return false;
  }
  return true;
}

/** A text that equal values share and unequal ones do not. */
export function canonicalContent(content: Content): string {
  return canonicalWhole(wholeOfContent(content));
}

/** The {@link canonicalContent} of what `view` shows. */
export function canonicalView(view: View): string {
  return canonicalContent(contentOfView(view));
}

function canonicalWhole(part: unknown): string {
  if (part instanceof Uint8Array) return `b${part.join()}`;
  if (!Array.isArray(part)) return JSON.stringify(part);
  return `(${part.map(canonicalWhole).join()})`;
}

/** What `view` shows, as content. */
function contentOfView(view: View): Content {
  switch (view.shown) {
    case "scalar":
      return { kind: "scalar", value: scalarOf(view.own) };
    case "counter":
      return { kind: "scalar", value: view.counter?.value ?? 0 };
    case "atomic":
      return { kind: "atomic", whole: wholeOf(view.own) };
    case "object": {
      const fields = new Map<string, Content>();
      for (const [name, field] of view.fields) fields.set(name, contentOfView(field));
      return { kind: "object", fields, source: view };
    }
    case "list":
      return { kind: "list", items: view.items.map(contentOfView), source: view };
  }
}

/** The bytes of what `view` shows, see {@link sizeOfContent}. */
export function sizeOfView(view: View): Bytes {
  const memo = memoOf(view);
  return (memo.bytes ??= sizeOfParts(view));
}

function sizeOfParts(view: View): Bytes {
  if (view.shown === "list") {
    return view.items.reduce((size, item) => size + 2 + sizeOfView(item), 2);
  }
  if (view.shown !== "object") return sizeOfContent(contentOfView(view));
  let size = 2;
  for (const [name, field] of view.fields) size += sizeOfName(name) + sizeOfView(field);
  return size;
}

/** What the name of an attribute adds to the size of its value. */
export function sizeOfName(name: string): Bytes {
  return 2 + utf8Bytes(name);
}

/** The bytes of a value: names and texts as UTF-8, eight for a number, two for each part. */
export function sizeOfContent(content: Content): Bytes {
  switch (content.kind) {
    case "scalar":
      return sizeOfScalar(content.value);
    case "atomic":
      return sizeOfWhole(content.whole);
    case "counter":
      return 8;
    case "object": {
      let size = 2;
      for (const [name, field] of content.fields) size += sizeOfName(name) + sizeOfContent(field);
      return size;
    }
    case "list":
      return content.items.reduce((size, item) => size + 2 + sizeOfContent(item), 2);
  }
}

function sizeOfWhole(part: unknown): Bytes {
  if (Array.isArray(part))
    return part.reduce((size: number, item) => size + 2 + sizeOfWhole(item), 0);
  return sizeOfScalar(part as Scalar);
}

function sizeOfScalar(value: Scalar): Bytes {
  if (typeof value === "string") return utf8Bytes(value);
  if (value instanceof Uint8Array) return value.length;
  return typeof value === "number" ? 8 : 4;
}

function utf8Bytes(text: string): Bytes {
  let size = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff)) size += 2;
    else if (unit >= 0x80) size += 1;
  }
  return size;
}

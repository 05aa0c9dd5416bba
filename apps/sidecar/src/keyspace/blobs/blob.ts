/**
 * A blob in a format that is safe to take apart: its fields, each with the very bytes that stand for
 * it, in their order. Nothing is interpreted beyond where a field begins and ends, and what would not
 * be put together to the same bytes again is not taken apart.
 *
 * Not here: which keys hold such blobs (blob-rules.ts), and how fields merge (mesh-key.ts).
 */
import { joinJson, splitJson } from "./json-blob.js";
import { joinMsgpack, splitMsgpack } from "./msgpack-blob.js";
import { joinPhp, joinPhpArray, splitPhp, splitPhpArray } from "./php-blob.js";

/** The formats: JSON objects, PHP's two session formats, and msgpack maps. */
export type BlobFormat = "json" | "php" | "php_serialize" | "msgpack";

/** The fields of a blob in their order, by the text (latin1) of the bytes that name them. */
export type BlobFields = ReadonlyMap<string, Uint8Array>;

/** The bytes of a blob as text, a unit for each byte. */
interface Codec {
  /** How it is named in documents. */
  readonly tag: string;
  /** Undefined where it is not of the format. */
  split(text: string): Map<string, string> | undefined;
  join(fields: ReadonlyMap<string, string>): string;
}

const CODECS: Readonly<Record<BlobFormat, Codec>> = {
  json: { tag: "j", split: splitJson, join: joinJson },
  php: { tag: "p", split: splitPhp, join: joinPhp },
  php_serialize: { tag: "s", split: splitPhpArray, join: joinPhpArray },
  msgpack: { tag: "m", split: splitMsgpack, join: joinMsgpack },
};

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");

/** The fields of `bytes`; undefined for what is to be kept as a whole. */
export function splitBlob(bytes: Uint8Array, format: BlobFormat): BlobFields | undefined {
  const { split, join } = CODECS[format];
  const text = latin1(bytes);
  const fields = split(text);
  if (!fields || join(fields) !== text) return undefined;
  return new Map([...fields].map(([name, value]) => [name, Buffer.from(value, "latin1")]));
}

/** The blob that fields make. */
export function joinBlob(fields: BlobFields, format: BlobFormat): Buffer {
  const texts = new Map([...fields].map(([name, value]) => [name, latin1(value)]));
  return Buffer.from(CODECS[format].join(texts), "latin1");
}

/** Names in their order and the format, as one register: a tag, then each name after its length. */
export function encodeOrder(names: Iterable<string>, format: BlobFormat): Uint8Array {
  let text = CODECS[format].tag;
  for (const name of names) text += `${name.length}:${name}`;
  return new Uint8Array(Buffer.from(text, "latin1"));
}

/** What {@link encodeOrder} encoded; undefined for what a peer made up. */
export function decodeOrder(
  bytes: Uint8Array,
): { readonly format: BlobFormat; readonly names: readonly string[] } | undefined {
  const text = latin1(bytes);
  const formats = Object.keys(CODECS) as BlobFormat[];
  const format = formats.find((each) => CODECS[each].tag === text[0]);
  if (!format) return undefined;
  const names: string[] = [];
  for (let at = 1; at < text.length;) {
    const colon = text.indexOf(":", at);
    const length = Number(text.slice(at, colon));
    if (colon < 0 || !Number.isSafeInteger(length) || length < 0) return undefined;
    names.push(text.slice(colon + 1, colon + 1 + length));
    at = colon + 1 + length;
  }
  return { format, names };
}

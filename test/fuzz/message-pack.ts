/**
 * MessagePack as a peer could write it: plain values, and what only someone hostile would send.
 *
 * Not a codec: it writes only, and only what the fuzz needs.
 * The format: https://github.com/msgpack/msgpack/blob/master/spec.md.
 */

/** Bytes that stand in a message as they are, whatever they mean. */
export class RawBytes {
  readonly bytes: Uint8Array;

  constructor(...bytes: number[]) {
    this.bytes = Uint8Array.from(bytes);
  }
}

/** The MessagePack of a value; of a {@link RawBytes}, its bytes. */
export function pack(value: unknown): Buffer {
  if (value instanceof RawBytes) return Buffer.from(value.bytes);
  if (value === null || value === undefined) return Buffer.of(0xc0);
  if (typeof value === "boolean") return Buffer.of(value ? 0xc3 : 0xc2);
  if (typeof value === "number") return packNumber(value);
  if (typeof value === "string") return headed(0xdb, Buffer.from(value));
  if (value instanceof Uint8Array) return headed(0xc6, Buffer.from(value));
  if (Array.isArray(value)) return Buffer.concat([sized(0xdd, value.length), ...value.map(pack)]);
  const fields = Object.entries(value as object);
  const packed = fields.flatMap(([name, inner]) => [pack(name), pack(inner)]);
  return Buffer.concat([sized(0xdf, fields.length), ...packed]);
}

function packNumber(value: number): Buffer {
  if (Number.isInteger(value) && value >= 0 && value < 0x80) return Buffer.of(value);
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return sized(0xce, value);
  const float = Buffer.alloc(9);
  float[0] = 0xcb;
  float.writeDoubleBE(value, 1);
  return float;
}

function headed(code: number, content: Buffer): Buffer {
  return Buffer.concat([sized(code, content.length), content]);
}

function sized(code: number, size: number): Buffer {
  const head = Buffer.alloc(5);
  head[0] = code;
  head.writeUInt32BE(size, 1);
  return head;
}

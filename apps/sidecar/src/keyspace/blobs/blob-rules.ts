/**
 * Which keys hold blobs that are taken apart, and what each client has read of them.
 *
 * A client that writes a whole blob means to change what differs from what it has read, not what
 * others have written since: that reading is the base of its next write, and is used up by it. What a
 * client has read and not written yet is kept for a while; overlapping requests on one connection each
 * leave a reading, and a write takes the one it differs from least, the latest among equals.
 *
 * Not here: formats (blob.ts), and the writes (mesh-key.ts).
 */
import { RecentMap } from "session-mesh/records";
import { matchesGlob } from "../../resp/glob.js";
import { type KeyId, nameOf } from "../key-names.js";
import type { BlobFields, BlobFormat } from "./blob.js";

/** How many readings of how many keys by how many connections are kept. */
const READINGS_MAX = 8;
const READERS_MAX = 16_384;

/** One rule: blobs under keys of this pattern are of this format. */
export interface BlobRule {
  readonly keys: string;
  readonly format: BlobFormat;
}

/** See the file's comment. */
export class BlobRules {
  readonly #rules: readonly { readonly pattern: Buffer; readonly format: BlobFormat }[];
  readonly #readings = new RecentMap<string, BlobFields[]>(READERS_MAX);

  constructor(rules: readonly BlobRule[]) {
    this.#rules = rules.map(({ keys, format }) => ({ pattern: Buffer.from(keys), format }));
  }

  /** The format of the blobs under a key; undefined where they are kept whole. */
  formatOf(id: KeyId): BlobFormat | undefined {
    if (this.#rules.length === 0) return undefined;
    const name = nameOf(id);
    return this.#rules.find(({ pattern }) => matchesGlob(pattern, name))?.format;
  }

  /** A client has read a blob. */
  read(clientId: number, id: KeyId, fields: BlobFields): void {
    const readings = this.#of(clientId, id);
    readings.push(fields);
    if (readings.length > READINGS_MAX) readings.shift();
  }

  /** What a client that writes `written` has read before; undefined where it has read nothing. */
  takeBase(clientId: number, id: KeyId, written: BlobFields): BlobFields | undefined {
    const readings = this.#of(clientId, id);
    let best = -1;
    let bestDistance = Number.POSITIVE_INFINITY;
    readings.forEach((fields, i) => {
      const distance = differenceOf(fields, written);
      if (distance > bestDistance) return;
      [best, bestDistance] = [i, distance];
    });
    return best < 0 ? undefined : readings.splice(best, 1)[0];
  }

  /** A client is done with what it has read last: it changed nothing. */
  forgetLast(clientId: number, id: KeyId): void {
    this.#of(clientId, id).pop();
  }

  #of(clientId: number, id: KeyId): BlobFields[] {
    const reader = `${clientId}:${id}`;
    let readings = this.#readings.get(reader);
    if (!readings) this.#readings.set(reader, (readings = []));
    return readings;
  }
}

/** In how many fields two blobs differ. */
function differenceOf(a: BlobFields, b: BlobFields): number {
  let count = 0;
  for (const [name, value] of a) {
    const other = b.get(name);
    if (!other || Buffer.compare(value, other) !== 0) count++;
  }
  for (const name of b.keys()) if (!a.has(name)) count++;
  return count;
}

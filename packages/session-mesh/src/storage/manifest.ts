/**
 * Whose sessions a place holds, and in which format: read before anything in it is believed.
 *
 * Sessions are stored under keyed hashes of their ids, so under another cluster's name or another
 * `idKey` not one of them could be found: such a place is refused instead.
 *
 * Not here: the format of one record (core, wire/record.ts).
 */
import { createHmac } from "node:crypto";
import { MeshError } from "../mesh-error.js";

/** The format that this build writes; it reads this one and those before. */
const FORMAT = 1;

/** Whom sessions belong to. */
export interface StorageOwner {
  readonly cluster: string;
  readonly idKey: Uint8Array;
}

interface Manifest {
  readonly format: number;
  readonly cluster: string;
  /** Shows whether the `idKey` is the same, without showing the key. */
  readonly key: string;
}

/** The manifest of a place that this node begins to use. */
export function createManifest({ cluster, idKey }: StorageOwner): Uint8Array {
  const manifest: Manifest = { format: FORMAT, cluster, key: keyCheck(idKey) };
  return new TextEncoder().encode(JSON.stringify(manifest));
}

/** Throws a MeshError where what is stored at `place` is not for this node. */
export function checkManifest(bytes: Uint8Array, place: string, owner: StorageOwner): void {
  const manifest = parse(bytes);
  if (!manifest) {
    throw refusal(place, "was not written by session-mesh, or is damaged; give an empty directory");
  }
  const { format, cluster, key } = manifest;
  if (format > FORMAT) {
    throw refusal(
      place,
      `was written by a later version of session-mesh, in format ${format}, and this one knows ` +
        `format ${FORMAT}; start that version again, or give an empty directory`,
    );
  }
  if (cluster !== owner.cluster) {
    throw refusal(
      place,
      `holds sessions of the cluster ${JSON.stringify(cluster)}, and this node is of ` +
        `${JSON.stringify(owner.cluster)}; give each cluster a directory of its own`,
    );
  }
  if (key !== keyCheck(owner.idKey)) {
    throw refusal(
      place,
      "was written under another `idKey`, so none of its sessions could be found; give the same " +
        "`idKey` as before, or an empty directory",
    );
  }
}

function refusal(place: string, problem: string): MeshError {
  return new MeshError("storage", `${place} ${problem}`);
}

function parse(bytes: Uint8Array): Manifest | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Manifest> | null;
    const { format, cluster, key } = value ?? {};
    const isWhole = Number.isSafeInteger(format) && typeof cluster === "string";
    return isWhole && typeof key === "string" ? (value as Manifest) : undefined;
  } catch {
    return undefined;
  }
}

function keyCheck(idKey: Uint8Array): string {
  return createHmac("sha256", idKey).update("session-mesh storage").digest("hex").slice(0, 16);
}

/** Another node of the mesh, perhaps with storage, in a process of its own: `DIRECTORY DURABILITY SEED`. */
import { createMesh, type MeshOptions } from "session-mesh";
import { createLmdbStorage } from "session-mesh/lmdb";

const [dataDir = "", durability = "none", seed = ""] = process.argv.slice(2);
const options: MeshOptions =
  durability === "memory" || durability === "disk"
    ? { storage: createLmdbStorage({ dataDir }), durability }
    : {};
await createMesh({ ...options, seeds: [seed], node: "peer" });
process.on("disconnect", () => process.exit(0));
process.send?.("ready");

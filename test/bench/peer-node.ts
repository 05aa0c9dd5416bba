/** Another node of the mesh, in a process of its own: `peer-node PORT SEED…`. */
import { createMesh } from "session-mesh";

const [port, ...seeds] = process.argv.slice(2);
const mesh = await createMesh({ listen: { port: Number(port) }, seeds, node: `peer-${port}` });
process.on("disconnect", () => process.exit(0));
process.on("message", () => process.send?.(mesh.status().sessions));
process.send?.("ready");

// A node that is closed while its disk is behind. Says how many sessions were there when it came back.
import { createMesh } from "session-mesh";
import { createLmdbStorage } from "session-mesh/lmdb";

const dataDir = process.argv[2] ?? "";
const open = () => createMesh({ storage: createLmdbStorage({ dataDir }), durability: "memory" });

const mesh = await open();
for (let i = 0; i < 3_000; i++) {
  const session = mesh.sessions.create();
  session.value.text = "x".repeat(500);
  await session.commit({ acks: 0 });
}
// A batch is under way by now.
await new Promise((resolve) => setTimeout(resolve, 5));
await mesh.close({ drain: false });
const again = await open();
const { hot, cold } = again.status().sessions;
await again.close({ drain: false });

// And the store itself, closed in the middle of a write: nothing but that keeps this process alive.
const store = await createLmdbStorage({ dataDir }).open();
const bytes = new Uint8Array(1_000_000);
const writing = store.write({ puts: [{ session: "A".repeat(22), bytes }], removals: [] });
await store.close();
await writing;
console.log(hot + cold);

// A node with a data directory, told over the channel to the test what to write and read.
import { createMesh } from "session-mesh";
import { createLmdbStorage } from "session-mesh/lmdb";

process.on("disconnect", () => process.exit(1));

const { dataDir, ...options } = JSON.parse(process.argv[2] ?? "{}");
// Slow machines are slow at writing too: a commit waits longer before it is called degraded.
const settings = { ...options, storage: createLmdbStorage({ dataDir }), ackDeadlineMs: 5_000 };
const mesh = await createMesh(settings).catch((error) => {
  process.send({ refused: error.message });
  return process.exit(2);
});

async function write({ id, key }) {
  const opened = id === undefined ? undefined : await mesh.sessions.load(id);
  const session = opened?.status === "found" ? opened.session : mesh.sessions.create();
  session.value[key] = true;
  const { status, acks, degraded } = await session.commit();
  return { id: session.id, status, acks, degraded };
}

async function read({ id }) {
  const opened = await mesh.sessions.load(id);
  return opened.status === "found" ? Object.keys(opened.session.value) : opened.status;
}

process.on("message", async ({ ask, ...question }) => {
  const answer = question.key === undefined ? await read(question) : await write(question);
  process.send({ ask, answer });
});
process.send({ address: mesh.address });

// A TCP proxy in a process of its own, which hands on everything a while after it came.
// Started with { host, delayMs, ways: [{ port, behind: { host, port } }] } as JSON.
import { connect, createServer } from "node:net";

process.on("disconnect", () => process.exit(1));

const { host, delayMs, ways } = JSON.parse(process.argv[2]);

function relay(from, to) {
  from.on("data", (bytes) => setTimeout(() => to.write(bytes), delayMs));
  from.on("end", () => setTimeout(() => to.end(), delayMs));
  from.on("close", () => setTimeout(() => to.destroy(), delayMs));
  from.on("error", () => from.destroy());
}

await Promise.all(
  ways.map(({ port, behind }) => {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      const far = connect({ ...behind, allowHalfOpen: true, noDelay: true });
      relay(near, far);
      relay(far, near);
    });
    return new Promise((resolve) => server.listen(port, host, resolve));
  }),
);
process.send("listening");

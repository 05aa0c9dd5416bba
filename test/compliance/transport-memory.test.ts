/** The memory transport keeps to the rules of every transport. */
import { createMemoryNetwork } from "session-mesh";
import { transportSuite } from "./transport.suite.js";

transportSuite("memory", () => {
  const network = createMemoryNetwork();
  let count = 0;
  return {
    create: (limits) => network.transport(`node-${(count += 1)}`, limits),
    deadAddress: "memory://nobody",
  };
});

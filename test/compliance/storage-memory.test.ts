/** Storage in memory, against the suite. */
import { createMemoryStorage } from "session-mesh";
import { describeStorage } from "./storage.suite.js";

describeStorage("memory", async () => {
  const storage = createMemoryStorage();
  return { create: () => storage, clean: async () => {} };
});

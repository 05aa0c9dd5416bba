/** Whatever is left out or misspelt is told by name, with the remedy, before anything is opened. */
import { createServer } from "node:http";
import { afterAll, describe, expect, test } from "vitest";
import { meshSession } from "./adapters/express.js";
import { createMesh } from "./create-mesh.js";
import { drainOnSignal } from "./drain-on-signal.js";
import type { Mesh } from "./mesh.js";
import { MeshError } from "./mesh-error.js";
import { createAdmin } from "./observe/admin.js";

const mesh = await createMesh();
const server = createServer();
afterAll(() => mesh.close({ drain: false }));

/** Calls `call` as one can from plain JavaScript. */
function refusalOf(call: (...args: never[]) => unknown, ...args: readonly unknown[]): string {
  try {
    call(...(args as never[]));
  } catch (error) {
    if (error instanceof MeshError && error.code === "option") return error.message;
    throw error;
  }
  return "accepted";
}

describe("a mesh that is missing", () => {
  const session = (of: Mesh) => meshSession(of, { secret: "sixteen characters or more" });
  test.each([
    ["createAdmin", createAdmin],
    ["meshSession", session],
    ["drainOnSignal", drainOnSignal],
  ])("%s says so, and how one is made", (name, call) => {
    for (const given of [undefined, null, {}, Promise.resolve(mesh), "mesh"]) {
      const refusal = refusalOf(call as (...args: never[]) => unknown, given);
      expect(refusal).toContain(`${name} needs a mesh`);
      expect(refusal).toContain("`await createMesh(…)`");
    }
  });
});

describe("options that are none", () => {
  test("null is told what there is", async () => {
    const text = /options of .* must be an object. There are: /;
    await expect(createMesh(null as never)).rejects.toThrow(text);
    expect(refusalOf(createAdmin, mesh, null)).toMatch(text);
    expect(refusalOf(drainOnSignal, mesh, server, null)).toMatch(text);
  });

  test("one that is misspelt is refused by name", () => {
    const misspelt = { readinessDelayMS: 1 };
    const before = process.listenerCount("SIGTERM");
    expect(refusalOf(drainOnSignal, mesh, server, misspelt)).toMatch(
      /no option `readinessDelayMS` of drainOnSignal. There are: readinessDelayMs, deadlineMs/,
    );
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });
});

test("drainOnSignal without a server says which one it needs", () => {
  for (const given of [undefined, {}, mesh]) {
    expect(refusalOf(drainOnSignal, mesh, given)).toMatch(
      /drainOnSignal needs the server of the app: .*app\.listen/,
    );
  }
});

/**
 * Rails' session store over Debian's redis-actionpack and redis-rack, as the recipe says
 * (docs/recipes/rails.md): against two sidecars and against a redis-server.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe } from "vitest";
import { ROOT } from "../tidy/sources.js";
import { scratchDirectory, startApp } from "./app-process.js";
import { stackSuite } from "./app-stack.suite.js";
import { missing } from "./debian.js";
import { aimedAt, recipeBlocks } from "./recipe.js";

const lacking = missing("ruby-redis-actionpack", "ruby-webrick");
const scratch = scratchDirectory();
afterAll(() => scratch.remove());

const [recipe = ""] = recipeBlocks("rails", "ruby");
let written = 0;

describe.skipIf(lacking !== "")(`rails${lacking}`, () => {
  stackSuite([
    {
      name: "redis-actionpack",
      idleSeconds: 90 * 60,
      overlap: "later",
      lateWrite: "back",
      start: (machine) => {
        const path = join(scratch.path, `session_store_${written++}.rb`);
        writeFileSync(path, aimedAt(machine, recipe));
        const script = join(ROOT, "test/interop/apps/rails_app.rb");
        return startApp({
          program: "/usr/bin/ruby",
          args: (port) => [script, path, String(port)],
          env: { RUBYOPT: "-W0" },
        });
      },
    },
  ]);
});

/**
 * Django's cache sessions and Flask-Session over Debian's redis-py, as the recipes say
 * (docs/recipes/django.md, flask.md): against two sidecars and against a redis-server.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe } from "vitest";
import { ROOT } from "../tidy/sources.js";
import { type AppProcess, scratchDirectory, startApp } from "./app-process.js";
import { stackSuite } from "./app-stack.suite.js";
import { missing } from "./debian.js";
import { aimedAt, recipeBlocks } from "./recipe.js";
import type { Address } from "./resp-connection.js";

const DAY_SECONDS = 86_400;

const lacking = missing("python3-django-redis", "python3-flask-session");
const scratch = scratchDirectory();
afterAll(() => scratch.remove());

let written = 0;

function startPython(app: string, recipe: string, machine: Address): Promise<AppProcess> {
  const path = join(scratch.path, `recipe_${written++}.py`);
  const [block = ""] = recipeBlocks(recipe, "python");
  writeFileSync(path, aimedAt(machine, block));
  const script = join(ROOT, "test/interop/apps", app);
  return startApp({
    program: "/usr/bin/python3",
    args: (port) => [script, path, String(port)],
    env: { PYTHONDONTWRITEBYTECODE: "1", PYTHONUNBUFFERED: "1" },
  });
}

describe.skipIf(lacking !== "")(`python${lacking}`, () => {
  stackSuite([
    {
      name: "Django with django-redis",
      idleSeconds: 14 * DAY_SECONDS,
      db: 1,
      overlap: "later",
      lateWrite: "refused",
      start: (machine) => startPython("django_app.py", "django", machine),
    },
    {
      name: "Flask-Session",
      idleSeconds: 31 * DAY_SECONDS,
      overlap: "later",
      lateWrite: "back",
      start: (machine) => startPython("flask_app.py", "flask", machine),
    },
  ]);
});

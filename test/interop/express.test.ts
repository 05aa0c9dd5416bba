/**
 * Express with connect-redis 7, 8 and 9, each with every client that it supports, as the recipe says
 * (docs/recipes/express.md): unmodified packages, against two sidecars and against a redis-server.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";
import { ROOT } from "../tidy/sources.js";
import { startApp } from "./app-process.js";
import { type Stack, stackSuite } from "./app-stack.suite.js";
import { ONE_TARGET, sidecarsWith } from "./machines.js";
import { aimedAt, recipeBlocks } from "./recipe.js";
import type { Address } from "./resp-connection.js";

/** Where packages of the tests are found, and no file is tracked. */
const SCRATCH = join(ROOT, "test/node_modules", `.interop-${process.pid}`);

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

const [withNodeRedis = ""] = recipeBlocks("express", "js");
const [ioredis = ""] = recipeBlocks("express", "js ioredis");

/** The recipe with the other client: its two lines in place of those that name node-redis. */
function withIoredis(): string {
  const [importing = "", creating = ""] = ioredis.trim().split("\n");
  return withNodeRedis
    .replace(/^import .* from "redis";$/m, importing)
    .replace(/^const client = .*\nawait client.connect\(\);$/m, creating);
}

/** The recipe with other versions of the two packages than those that its names stand for here. */
function recipe(store: string, client: string): string {
  const text = client.startsWith("ioredis") ? withIoredis() : withNodeRedis;
  return text
    .replace('import { RedisStore } from "connect-redis"', (line) =>
      store === "connect-redis-7" ? 'import RedisStore from "connect-redis"' : line,
    )
    .replace('"connect-redis"', JSON.stringify(store))
    .replace(/"(io)?redis"/, JSON.stringify(client));
}

let written = 0;

function stack(store: string, client: string): Stack {
  return {
    name: `${store} over ${client}`,
    idleSeconds: 1800,
    overlap: "later",
    lateWrite: "back",
    start: (machine: Address) => {
      mkdirSync(SCRATCH, { recursive: true });
      const path = join(SCRATCH, `app-${written++}.mjs`);
      const routes = join(ROOT, "test/interop/apps/express-routes.js");
      const serving = `\nimport { serve } from ${JSON.stringify(routes)};\nserve(app);\n`;
      writeFileSync(path, aimedAt(machine, recipe(store, client)) + serving);
      return startApp({ program: "env", args: (port) => [`PORT=${port}`, "node", path] });
    },
  };
}

const stacks = [
  ...["redis-4", "redis", "ioredis-5", "ioredis-6"].flatMap((client) => [
    stack("connect-redis-7", client),
    stack("connect-redis-8", client),
  ]),
  stack("connect-redis", "redis"),
  stack("connect-redis", "redis-6"),
];

stackSuite(stacks, ONE_TARGET);

const [merging = ""] = recipeBlocks("express", "json");
stackSuite(
  [
    { ...stack("connect-redis", "redis-6"), overlap: "both" },
    { ...stack("connect-redis-8", "ioredis-6"), overlap: "both" },
  ],
  sidecarsWith("two sidecars that keep attributes apart", JSON.parse(merging)),
);

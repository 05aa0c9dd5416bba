/** README's first code block runs as it stands, but for its ports, and does what README says. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { ROOT } from "./tidy/sources.js";

const started: ChildProcess[] = [];
const written: string[] = [];

afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  for (const path of written.splice(0)) rmSync(path);
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function start(
  name: string,
  ports: { web: number; mesh: number; seed: number },
): Promise<void> {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const block = /```js\n([\s\S]*?)```/.exec(readme)?.[1];
  if (block === undefined) throw new Error("README has no code block");
  const code = block
    .replace("7946", String(ports.mesh))
    .replace("7947", String(ports.seed))
    .replace("3000", String(ports.web));
  const path = join(ROOT, "test", `readme-${name}-${process.pid}.mjs`);
  writeFileSync(path, code);
  written.push(path);
  const conditions = "--conditions=session-mesh-source";
  started.push(
    spawn(process.execPath, [conditions, "--import", "tsx", path], { stdio: "inherit" }),
  );
  await eventually(async () => (await fetch(`http://127.0.0.1:${ports.web}/readyz`)).ok);
}

async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const endAtMs = Date.now() + 10_000;
  while (Date.now() < endAtMs) {
    if (await isSo().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it did not come about within 10 s");
}

test("README's code runs on two ports, and a user of one carries on at the other", async () => {
  const [one, two] = [await freePort(), await freePort()];
  const [meshOne, meshTwo] = [await freePort(), await freePort()];
  await Promise.all([
    start("one", { web: one, mesh: meshOne, seed: meshTwo }),
    start("two", { web: two, mesh: meshTwo, seed: meshOne }),
  ]);
  const first = await fetch(`http://127.0.0.1:${one}/`);
  expect(await first.text()).toMatch(/^1 views/);
  const cookie = first.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const leaving = started[0] as ChildProcess;
  leaving.kill("SIGTERM");
  const [code] = await once(leaving, "exit");
  expect(code).toBe(0);
  const second = await fetch(`http://127.0.0.1:${two}/`, { headers: { cookie } });
  expect(await second.text()).toMatch(/^2 views/);
});

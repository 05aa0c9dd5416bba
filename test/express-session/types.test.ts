/**
 * The store's types, as an app sees them that has `@types/express-session`; it checks every
 * declaration file on its way (`skipLibCheck: false`).
 *
 * Not here: what the types describe.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tsc = fileURLToPath(new URL("node_modules/typescript/bin/tsc", `file://${root}`));

async function compile(...args: string[]): Promise<string> {
  try {
    await promisify(execFile)(process.execPath, [tsc, ...args], { cwd: root });
    return "";
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

// Apps see the built declarations. What is wrong with the sources themselves, `npm run types` says.
beforeAll(() => compile("-b", "packages/session-mesh"), 60_000);

test("an app that only exchanged its store compiles", async () => {
  expect(await compile("-p", "test/fixtures/express-session-types")).toBe("");
}, 60_000);

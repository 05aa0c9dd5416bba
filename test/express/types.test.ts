/**
 * The package's types, as two apps see them: one that opted in to `req.session`, and one that still
 * has `@types/express-session`. Both check every declaration file on their way (`skipLibCheck: false`).
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

test.each(["opted-in", "beside-express-session"])(
  "an app compiles: %s",
  async (fixture) => {
    expect(await compile("-p", `test/fixtures/express-types/${fixture}`)).toBe("");
  },
  60_000,
);

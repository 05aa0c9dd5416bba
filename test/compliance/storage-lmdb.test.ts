/** Storage in a directory, against the suite, and what is true of directories alone. */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLmdbStorage } from "session-mesh/lmdb";
import { expect, test } from "vitest";
import { whenOver } from "../express/cluster.js";
import { describeStorage } from "./storage.suite.js";

async function makeDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), "session-mesh-"));
}

describeStorage("lmdb", async () => {
  const dataDir = await makeDirectory();
  return {
    create: () => createLmdbStorage({ dataDir }),
    clean: () => rm(dataDir, { recursive: true, force: true }),
  };
});

async function temporary(): Promise<string> {
  const directory = await makeDirectory();
  whenOver(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test("P12: a directory that it makes can be read by its owner alone", async () => {
  const dataDir = join(await temporary(), "a", "b.c");
  const open = await createLmdbStorage({ dataDir }).open();
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
  await open.close();
});

test("a directory that cannot be made is refused with its name", async () => {
  const dataDir = join("/dev/null", "mesh");
  await expect(createLmdbStorage({ dataDir }).open()).rejects.toThrow(
    /cannot make the directory \/dev\/null\/mesh/,
  );
});

test("a path that no lock can be in is refused with the longest one possible", async () => {
  const dataDir = join(await temporary(), "a".repeat(120));
  await expect(createLmdbStorage({ dataDir }).open()).rejects.toThrow(/at most 98 bytes/);
});

test("an empty path is refused at once", () => {
  expect(() => createLmdbStorage({ dataDir: "" })).toThrow(/`dataDir` must be the path/);
});

/**
 * redis-cli and redis-benchmark, as Debian packs them, against two sidecars and against a redis-server.
 *
 * Not here: how fast (npm run bench -- --only sidecar).
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missing } from "./debian.js";
import { type Machines, TARGETS } from "./machines.js";

const run = promisify(execFile);
const lacking = missing("redis-tools");

describe.skipIf(lacking !== "")(`command line${lacking}`, () => {
  for (const target of TARGETS) {
    describe(target.name, () => {
      let machines: Machines;
      beforeAll(async () => {
        machines = await target.start();
      }, 60_000);
      afterAll(async () => machines?.stop());

      const cli = async (machine: 0 | 1, ...args: readonly string[]): Promise<string> => {
        const port = String(machines.addresses[machine].port);
        const { stdout } = await run("redis-cli", ["-p", port, ...args]);
        return stdout.trimEnd();
      };

      for (const protocol of ["-2", "-3"]) {
        const at = (machine: 0 | 1, ...args: readonly string[]): Promise<string> =>
          cli(machine, protocol, ...args);

        test(`redis-cli ${protocol} writes on machine 1 and reads on machine 2`, async () => {
          const key = `cli${protocol}`;
          expect(await at(0, "SET", key, "ada", "EX", "100")).toBe("OK");
          expect(await at(1, "GET", key)).toBe("ada");
          expect(Number(await at(1, "TTL", key))).toBeGreaterThan(40);
          expect(await at(1, "DEL", key)).toBe("1");
          expect(await at(0, "EXISTS", key)).toBe("0");
        });

        test(`redis-cli ${protocol} shows a hash`, async () => {
          const key = `hash${protocol}`;
          expect(await at(0, "HSET", key, "user", "ada", "theme", "dark")).toBe("2");
          const shown = (await at(1, "--no-raw", "HGETALL", key)).split("\n").toSorted();
          const expected =
            protocol === "-3"
              ? ['1# "user" => "ada"', '2# "theme" => "dark"']
              : ['1) "user"', '2) "ada"', '3) "theme"', '4) "dark"'];
          expect(shown.map(withoutIndex).toSorted()).toEqual(expected.map(withoutIndex).toSorted());
        });
      }

      test("redis-cli lists keys by a pattern, and says what it does not know", async () => {
        await cli(0, "SET", "scan:1", "1");
        await cli(1, "SET", "scan:2", "2");
        const scanned = await cli(0, "--scan", "--pattern", "scan:*");
        expect(scanned.split("\n").toSorted()).toEqual(["scan:1", "scan:2"]);
        expect(await cli(0, "NOSUCH", "thing")).toMatch(/^ERR unknown command 'NOSUCH'/);
      });

      test("redis-benchmark runs through, pipelined and not", async () => {
        const port = String(machines.addresses[0].port);
        for (const pipelined of ["1", "16"]) {
          const args = ["-n", "2000", "-c", "10", "-r", "100", "-P", pipelined, "--csv"];
          const tests = ["-t", "ping,set,get,incr,hset,mset"];
          const { stdout } = await run("redis-benchmark", ["-p", port, ...args, ...tests]);
          const names = [...stdout.matchAll(/^"([A-Z_]+)/gm)].map((match) => match[1]);
          expect(names).toEqual([
            "PING_INLINE",
            "PING_MBULK",
            "SET",
            "GET",
            "INCR",
            "HSET",
            "MSET",
          ]);
        }
      });
    });
  }
});

function withoutIndex(line: string): string {
  return line.replace(/^\d+[)#] /, "");
}

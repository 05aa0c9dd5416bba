/**
 * What users of an application on two machines see of its sessions, whatever it is written in and
 * whichever client keeps them: log in here, read and change there, log out, expiry, two overlapping
 * requests.
 *
 * Every application answers `/login?user=`, `/set?key=&value=[&gate=]` (which waits at the gate after
 * it has read the session and before it writes), `/show` (the session as JSON) and `/logout`.
 * Not here: how an application is started (one test file a stack).
 */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Browser } from "../express/cluster.js";
import type { AppProcess } from "./app-process.js";
import { startGate } from "./gate.js";
import { type Machines, type Target, TARGETS } from "./machines.js";
import { type Address, RespConnection } from "./resp-connection.js";

/** One application. */
export interface Stack {
  readonly name: string;
  /** Starts it on a machine, its sessions with the server at that address. */
  readonly start: (machine: Address) => Promise<AppProcess>;
  /** Seconds without a request after which its sessions are over. */
  readonly idleSeconds: number;
  /** The database its sessions are in. */
  readonly db?: number;
  /** What is left of two overlapping requests on two machines that set different keys. */
  readonly overlap: Overlap;
  /** What a request does that had read the session before the user logged out, and writes it after. */
  readonly lateWrite: LateWrite;
}

/** `later`: the one that wrote later, whole. `both`: what both set. */
export type Overlap = "later" | "both";

/** Long enough for a request through two processes on a machine that is busy with other tests. */
const TEST_DEADLINE_MS = 60_000;

/** What sidecars shorten longer idle times to (docs/recipes/flask.md). */
const IDLE_CAP_SECONDS = 30 * 86_400;

/** `back`: the session is there again, as with any store of whole sessions. `refused`: it stays gone. */
export type LateWrite = "back" | "refused";

/** Runs `stacks` against all of `targets`. */
export function stackSuite(stacks: readonly Stack[], targets: readonly Target[] = TARGETS): void {
  for (const target of targets) {
    describe(target.name, () => {
      let machines: Machines | undefined;
      beforeAll(async () => {
        machines = await target.start();
      }, 60_000);
      afterAll(async () => machines?.stop());
      for (const stack of stacks) oneStack(stack, () => machines as Machines);
    });
  }
}

function oneStack(stack: Stack, machinesOf: () => Machines): void {
  describe(stack.name, { timeout: TEST_DEADLINE_MS }, () => {
    let apps: AppProcess[] = [];
    beforeAll(async () => {
      apps = await Promise.all(machinesOf().addresses.map((address) => stack.start(address)));
    }, 60_000);
    afterAll(async () => {
      await Promise.all(apps.map((app) => app.stop()));
    });
    const at = (index: number): string => apps[index]?.origin as string;
    const show = (browser: Browser, index: number): Promise<unknown> =>
      browser.json(`${at(index)}/show`);

    test("P5: who logs in on machine 1 is known on machine 2, and what 2 changes 1 reads", async () => {
      const browser = new Browser();
      expect((await browser.get(`${at(0)}/login?user=ada`)).text).toBe("welcome");
      expect(await show(browser, 1)).toEqual({ user: "ada" });
      expect((await browser.get(`${at(1)}/set?key=theme&value=dark`)).text).toBe("set");
      expect(await show(browser, 0)).toEqual({ user: "ada", theme: "dark" });
      expect((await browser.get(`${at(0)}/set?key=theme&value=light`)).text).toBe("set");
      expect(await show(browser, 1)).toEqual({ user: "ada", theme: "light" });
    });

    test("P3: who logs out on machine 2 is logged out on both, old cookie or not", async () => {
      const browser = new Browser();
      await browser.get(`${at(0)}/login?user=ada`);
      const cookies = new Map(browser.cookies);
      expect((await browser.get(`${at(1)}/logout`)).text).toBe("bye");
      for (const index of [0, 1]) {
        const thief = new Browser();
        for (const [name, value] of cookies) thief.cookies.set(name, value);
        expect(await show(thief, index)).toEqual({});
        expect(await show(browser, index)).toEqual({});
      }
    });

    test("P4: a session ends on both machines when its idle time is over", async () => {
      const near = await databaseOf(stack, machinesOf().addresses[0]);
      const far = await databaseOf(stack, machinesOf().addresses[1]);
      const before = await keysOf(near);
      const browser = new Browser();
      await browser.get(`${at(0)}/login?user=ada`);
      const [key, ...more] = (await keysOf(near)).filter((name) => !before.includes(name));
      expect(more).toEqual([]);
      for (const connection of [near, far]) {
        const seconds = Number(await connection.call("TTL", key as string));
        expect(seconds).toBeGreaterThan(Math.min(stack.idleSeconds, IDLE_CAP_SECONDS) - 60);
        expect(seconds).toBeLessThanOrEqual(stack.idleSeconds);
      }
      expect(await far.call("PEXPIRE", key as string, "50")).toBe(1);
      for (const connection of [near, far])
        await vi.waitFor(async () =>
          expect(await connection.call("EXISTS", key as string)).toBe(0),
        );
      for (const index of [0, 1]) expect(await show(browser, index)).toEqual({});
      near.close();
      far.close();
    });

    test(`two overlapping requests on two machines leave ${stack.overlap}`, async () => {
      const browser = new Browser();
      await browser.get(`${at(0)}/login?user=ada`);
      const [first, second] = [await startGate(), await startGate()];
      const one = browser.get(`${at(0)}/set?key=one&value=1&gate=${first.url}`);
      const two = browser.get(`${at(1)}/set?key=two&value=2&gate=${second.url}`);
      await Promise.all([first.arrived(1), second.arrived(1)]);
      first.open();
      expect((await one).text).toBe("set");
      second.open();
      expect((await two).text).toBe("set");
      await Promise.all([first.close(), second.close()]);
      const left = stack.overlap === "both" ? { one: "1", two: "2" } : { two: "2" };
      for (const index of [0, 1])
        expect(await show(browser, index)).toEqual({ user: "ada", ...left });
    });

    test(`a request that overlaps the log-out and writes later: ${stack.lateWrite}`, async () => {
      const browser = new Browser();
      await browser.get(`${at(0)}/login?user=ada`);
      const cookies = new Map(browser.cookies);
      const gate = await startGate();
      const late = browser.get(`${at(0)}/set?key=late&value=1&gate=${gate.url}`);
      await gate.arrived(1);
      expect((await browser.get(`${at(1)}/logout`)).text).toBe("bye");
      gate.open();
      await late;
      await gate.close();
      for (const [name, value] of cookies) browser.cookies.set(name, value);
      const left = stack.lateWrite === "back" ? { user: "ada", late: "1" } : {};
      for (const index of [0, 1]) expect(await show(browser, index)).toEqual(left);
    });
  });
}

async function databaseOf({ db = 0 }: Stack, machine: Address): Promise<RespConnection> {
  const connection = await RespConnection.open(machine);
  await connection.call("SELECT", String(db));
  return connection;
}

async function keysOf(connection: RespConnection): Promise<string[]> {
  return (await connection.call("KEYS", "*")) as string[];
}

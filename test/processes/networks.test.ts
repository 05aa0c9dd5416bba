/**
 * What real processes keep of the promises on real networks: each on a machine of its own (a
 * network namespace), cut off, unplugged, lossy and slow, while users roam; then everything is
 * mended, and held against what was acknowledged, by checkers of the simulator.
 *
 * Left out, with the reason printed, where the machine lets no test have namespaces.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "./app-nodes.js";
import { Lab } from "./lab.js";
import { whyNoNamespaces } from "./namespaces.js";

const CUT_MS = 4_000;
const SLOW_MACHINE_MS = 180_000;

const reason = await whyNoNamespaces();
if (reason !== undefined) console.warn(`no tests on networks of their own: ${reason}`);

describe.skipIf(reason !== undefined)("five processes on five machines", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.open({ machines: 5 });
  }, SLOW_MACHINE_MS);
  afterAll(() => lab?.close(), SLOW_MACHINE_MS);

  async function cutInHalves(): Promise<void> {
    await lab.network.cut([0, 1], [2, 3, 4]);
    await lab.network.cut([2, 3, 4], [0, 1]);
  }

  const faults: readonly {
    readonly name: string;
    readonly bulkBytes?: number;
    readonly fault: () => Promise<void>;
  }[] = [
    {
      name: "halves that do not reach one another",
      fault: async () => {
        await cutInHalves();
        await sleep(CUT_MS);
        await lab.untilSomeoneIsDown();
        expect(await lab.network.droppedCount()).toBeGreaterThan(10);
      },
    },
    {
      name: "a machine that is heard and hears nothing",
      fault: async () => {
        await lab.network.cut([1, 2, 3, 4], [0]);
        await sleep(CUT_MS);
        await lab.untilSomeoneIsDown();
        expect(await lab.network.droppedCount()).toBeGreaterThan(10);
      },
    },
    {
      name: "the loss of a fifth of all packets",
      fault: async () => {
        await lab.network.lose(20);
        await sleep(CUT_MS);
        expect(await lab.network.droppedCount()).toBeGreaterThan(20);
      },
    },
    {
      name: "cables that come loose again and again",
      fault: async () => {
        for (const index of [0, 1, 2, 0, 1, 2]) {
          await lab.network.unplug(index);
          await sleep(700);
          await lab.network.plugIn(index);
          await sleep(100);
        }
      },
    },
    {
      name: "a line of 256 kbit/s with more to carry than that",
      bulkBytes: 4_000,
      fault: async () => {
        await lab.network.slow(0, "256kbit");
        await sleep(CUT_MS);
        expect(await lab.network.heldBackCount(0)).toBeGreaterThan(10);
      },
    },
    {
      name: "a process that stands still",
      fault: async () => {
        lab.nodes[2]?.signal("SIGSTOP");
        await sleep(5_000);
        lab.nodes[2]?.signal("SIGCONT");
      },
    },
  ];

  for (const { name, ...trial } of faults) {
    test(
      `P1, P3, P5, P8, P9: nothing is lost by ${name}`,
      async () => expect(await lab.brokenBy(trial)).toEqual([]),
      SLOW_MACHINE_MS,
    );
  }

  test(
    "P1, P3, P5, P8, P9: nothing is lost by kill -9 during a cut",
    async () => {
      const broken = await lab.brokenBy({
        fault: async (users) => {
          await cutInHalves();
          await sleep(CUT_MS / 4);
          await users.kill(lab.nodes[4]!);
          await sleep(CUT_MS / 2);
          await lab.network.heal();
          await lab.start(4);
        },
      });
      expect(broken).toEqual([]);
    },
    SLOW_MACHINE_MS,
  );
});

describe.skipIf(reason !== undefined)("three processes on three machines", () => {
  let lab: Lab | undefined;
  afterEach(() => lab?.close(), SLOW_MACHINE_MS);

  test(
    "P1, P3, P5, P8, P9: nothing is lost 50 ms away",
    async () => {
      lab = await Lab.open({ machines: 3, delayMs: 50 });
      const [node] = lab.nodes;
      const startedAtMs = performance.now();
      await node?.ask({ path: "/act", body: { mark: "alone" } });
      expect(performance.now() - startedAtMs).toBeGreaterThan(100);
      expect(await lab.brokenBy({ fault: () => sleep(CUT_MS / 2) })).toEqual([]);
    },
    SLOW_MACHINE_MS,
  );

  test(
    "a process that claims what nobody confirmed is found out",
    async () => {
      const settingsOf = (index: number): object =>
        index === 2 ? { acks: 0, claimedAcks: 1 } : {};
      const canary = await Lab.open({ machines: 3, settingsOf });
      lab = canary;
      const broken = await canary.brokenBy({
        fault: async (users) => {
          await canary.network.cut([2], [0, 1]);
          // Else its kernel delivers after the heal what the process wrote before it died.
          await canary.untilSomeoneIsDown();
          const before = users.counts.acked;
          await until(() => users.counts.acked > before + 30);
          await users.kill(canary.nodes[2]!);
          await canary.network.heal();
          await canary.start(2);
        },
      });
      expect(broken.join("\n")).toContain("(P1)");
    },
    SLOW_MACHINE_MS,
  );
});

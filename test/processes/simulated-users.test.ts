/**
 * The simulator's users, its ledger and its checkers (packages/sim) on real processes and real networks:
 * each process on a machine of its own, cut off, killed, stopped, on a lossy line.
 *
 * In force, as in the simulation: P1 with what each acknowledgement was worth when it left, P3, P4, P5, P8,
 * P9, P13, P14, the laws M1 to M13 against the model, equal digests mean equal sessions, kept sums equal
 * fresh ones, bounds, clocks monotone, no exception escapes, and that equal nodes exchange no sessions.
 * A step of a user or a checker stops the processes that it reaches at one moment of their clocks, so
 * verdicts on lifetimes are exact here too.
 *
 * Not in force, since it needs a world that only the simulator has: the cost of repairs and the size of
 * frames (every frame of every node would have to pass the test), clocks that jump (here each is off by
 * its own part of a second), and that waits end in time (a busy machine is late). Elsewhere: what a disk
 * may lose (P10: test/storage), a next version (P11: test/versions), and drains (P7: deploy.test.ts).
 *
 * Left out, with the reason printed, where the machine lets no test have namespaces.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import type { WorkloadOptions } from "@session-mesh/sim";
import { JudgedRun } from "./judged-run.js";
import { whyNoNamespaces } from "./namespaces.js";

const SLOW_MACHINE_MS = 180_000;
const DAY_MS = 86_400_000;

const reason = await whyNoNamespaces();
if (reason !== undefined) console.warn(`no simulated users on real processes: ${reason}`);

/** Short, so that a cut of some seconds outlasts every suspicion, and what has expired is dropped. */
const LIMITS = {
  ackDeadlineMs: 1_000,
  heartbeatIntervalMs: 300,
  suspectFloorMs: 1_000,
  suspicionMs: 1_000,
  auditIntervalMs: 1_000,
  redialDelayMsMax: 1_000,
  clockMarginMs: 1_000,
  collectIntervalMs: 500,
};

const LASTING: WorkloadOptions = {
  ...{ users: 6, tabs: 2, pauseMs: 100, thinkMs: 20, acks: 1, roamRate: 0.5 },
  ...{ viewRate: 0.15, touchRate: 0.05, logoutRate: 0.03, regenerateRate: 0.03 },
  ...{ retiredAfterWrites: 60, idleChangeRate: 0, draftsRate: 0.05, burstRate: 0.01 },
  ...{ burstCommits: 10, unknownWriteRate: 0.3, boundaryRate: 0, accounts: 3, revokeRate: 0.03 },
  ...{ companionRate: 0.2, tokensMax: 6, fieldsRate: 0.1 },
  ...{ idleMs: DAY_MS, absoluteMs: 30 * DAY_MS, blobBytesMax: 1_000, modelRate: 1 },
  activities: {
    ...{ mark: 4, push: 2, increment: 2, thing: 2, scratch: 2, visit: 1, shape: 1, whole: 1 },
    ...{ same: 1, hostile: 1, tree: 1, blob: 1, overwrite: 1 },
  },
};

/** Users come back when their sessions are about to end, or have just ended. */
const SHORT_LIVED: WorkloadOptions = {
  ...LASTING,
  ...{ idleMs: 2_500, absoluteMs: 9_000, boundaryRate: 0.4, touchRate: 0.15 },
  ...{ idleChangeRate: 0.12, revokeRate: 0.08, accounts: 5, users: 14, tabs: 1 },
};

describe.skipIf(reason !== undefined)("the simulator's users on four real machines", () => {
  let run: JudgedRun | undefined;
  afterEach(() => run?.close(), SLOW_MACHINE_MS);

  async function open(workload: WorkloadOptions): Promise<JudgedRun> {
    run = await JudgedRun.open({ machines: 4, limits: LIMITS, workload, seed: 1 });
    return run;
  }

  async function cutInHalves({ network }: JudgedRun): Promise<void> {
    await network.cut([0, 1], [2, 3]);
    await network.cut([2, 3], [0, 1]);
  }

  test(
    "P1, P3, P5, P8, P9, P13, M1-M13: halves, kill -9 of one process in each, loss and one way",
    async () => {
      const judged = await open(LASTING);
      const { network, cluster, oversight } = judged;
      let outlivedCount = 0;
      const broken = await judged.brokenBy(async () => {
        await sleep(1_000);
        await cutInHalves(judged);
        await sleep(3_000);
        // What was acknowledged meanwhile is held by the other process of the half alone.
        const killed = [await cluster.kill(0)];
        await sleep(500);
        killed.push(await cluster.kill(3));
        outlivedCount = judged.outlived(killed);
        await sleep(500);
        expect(await network.droppedCount()).toBeGreaterThan(10);
        await network.heal();
        await Promise.all([cluster.start(0), cluster.start(3)]);
        await sleep(1_000);
        await network.lose(15);
        await sleep(1_000);
        await network.heal();
        await network.cut([1, 2, 3], [0]);
        await sleep(2_000);
      });
      expect(broken).toBeUndefined();
      expect(outlivedCount).toBeGreaterThan(20);
      const { logouts, regenerations, revokes, drafts } = oversight.counts;
      const { modelled, acks, whole, waits, copies } = oversight.checks;
      const rare = Math.min(logouts, regenerations, revokes, drafts);
      expect(rare).toBeGreaterThan(0);
      expect(Math.min(modelled!, acks!, whole!, copies!)).toBeGreaterThan(100);
      expect(waits).toBeGreaterThan(0);
    },
    SLOW_MACHINE_MS,
  );

  test(
    "P3, P4, P8, P13: sessions end when they should, on halves and beside a process that stood still",
    async () => {
      const judged = await open(SHORT_LIVED);
      const { network, cluster, oversight } = judged;
      let collectedCount = 0;
      cluster.onEvent((_node, event) => {
        if (event.type === "session-collected") collectedCount += 1;
      });
      const broken = await judged.brokenBy(async () => {
        await sleep(1_000);
        await cutInHalves(judged);
        await sleep(3_500);
        await network.heal();
        await sleep(1_000);
        cluster.pause(1, true);
        await sleep(2_500);
        cluster.pause(1, false);
        await sleep(2_000);
      });
      expect(broken).toBeUndefined();
      const { boundaries, misses, touches, idleChanges, revokes } = oversight.counts;
      expect(Math.min(boundaries, misses, touches, idleChanges, revokes)).toBeGreaterThan(0);
      expect(collectedCount).toBeGreaterThan(0);
    },
    SLOW_MACHINE_MS,
  );
});

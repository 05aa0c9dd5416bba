/**
 * What a seed draws: a cluster, its network and bounds, and which faults it suffers, each with a rate of
 * its own and half of them not at all.
 *
 * Most draws are short and cruel; a few are long, since some things take their time.
 *
 * Not here: its users (workload-draw.ts), and running it (swarm.ts).
 */
import {
  createPrng,
  DEFAULT_LIMITS,
  type Limits,
  type Millis,
  type Prng,
} from "@session-mesh/core";
import type { ClusterOptions } from "./world/cluster.js";
import { FAULTS, type NemesisOptions } from "./faults/nemesis.js";
import type { NetworkOptions } from "./world/network.js";
import {
  drawCrowd,
  drawWorkload,
  drawWorkloadLimits,
  type WorkloadOptions,
} from "./users/workload-draw.js";

/** A swarm's draw. */
export interface SwarmOptions extends ClusterOptions {
  readonly nodes: number;
  readonly faultsMs: Millis;
  readonly network: NetworkOptions;
  readonly nemesis: NemesisOptions;
  readonly workload: WorkloadOptions;
  /** How far clocks are off at most, and how fast they drift. */
  readonly clockErrorMsMax: Millis;
  readonly driftMax: number;
}

type DiskSettings = NonNullable<ClusterOptions["disks"]>;

/** How many seeds are of a crowd in one session that does the same few things on both sides of cuts. */
const CROWD_RATE = 0.1;

/** Faults that are drawn so often at most. */
const WEIGHT_MAX = 4;

/** What clocks drift apart in a run, and the time that a heartbeat takes. */
const MARGIN_MS_MIN: Millis = 1_500;

/** Clocks that are an hour off end sessions that live for less than this. */
const WILD_LIFE_MS_MIN: Millis = 86_400_000;

/** What a seed draws. */
export function drawOptions(seed: number): SwarmOptions {
  const random = createPrng(seed);
  const nodes = random.pick([2, 3, 3, 3, 3, 4, 4, 5, 6]);
  const errorMsMax = random.pick([0, 50, 5_000, 20_000]);
  const isLong = random.chance(0.06);
  const isShortLived = random.chance(0.2);
  // Nothing is dropped before the margin is over, so in some the clocks are good and it is short.
  const isCollectedSoon = isShortLived && createPrng(seed * 4_096 + 4_093).chance(0.7);
  const clockErrorMsMax = isCollectedSoon ? Math.min(errorMsMax, 50) : errorMsMax;
  const drawn = drawWorkload(seed, { isShortLived });
  const crowds = createPrng(seed * 4_096 + 4_090);
  const isCrowded = crowds.chance(CROWD_RATE);
  const workload = isCrowded ? { ...drawn, ...drawCrowd(crowds) } : drawn;
  // A node that is an hour off ends for good what is to live for seconds: that is what P4 excepts.
  const isOverSoon = workload.absoluteMs < WILD_LIFE_MS_MIN;
  return {
    nodes,
    faultsMs: isLong ? random.range(15_000, 45_000) : random.range(3_000, 9_000),
    network: drawNetwork(random),
    nemesis: {
      weights: drawWeights(random),
      pauseMs: random.pick([200, 500, 1_000, 2_500]),
      spellMsMax: random.pick([500, 2_000, isLong ? 30_000 : 6_000]),
      pauseMsMax: random.pick([500, 5_000, 60_000]),
      jumpMsMax: clockErrorMsMax,
      areClocksWild: random.chance(0.5) && !isOverSoon,
      isSealed: random.chance(0.5),
      nodesMax: nodes + 2,
      // What its halves write meets again and again.
      ...(isCrowded && { weights: { halves: 3, isolation: 3 }, pauseMs: 300, spellMsMax: 2_000 }),
    },
    workload,
    limits: {
      ...drawLimits(random, clockErrorMsMax),
      ...drawChunks(createPrng(seed * 4_096 + 4_091)),
      ...drawWorkloadLimits(seed),
      ...(isShortLived && { collectIntervalMs: random.range(300, 2_000) }),
      ...(isCollectedSoon && { clockMarginMs: clockErrorMsMax * 2 + MARGIN_MS_MIN }),
    },
    keepsNodeIds: random.chance(0.5),
    seedsMax: random.range(1, nodes + 1),
    clockErrorMsMax,
    driftMax: random.pick([0, 0.0001, 0.01]),
    ...(random.chance(0.4) && { disks: drawDisks(random) }),
  };
}

function drawNetwork(random: Prng): NetworkOptions {
  const latencyMs = random.pick([0.2, 1, 5, 30]);
  return {
    latencyMs,
    jitterMs: random.pick([0, latencyMs, latencyMs * 5]),
    dialFailureRate: random.pick([0, 0.05, 0.3]),
    bytesPerMs: random.pick([1_000, 100_000]),
    sendBufferBytesMax: random.pick([8_192, 65_536, 4 * DEFAULT_LIMITS.frameBytesMax]),
  };
}

function drawDisks(random: Prng): DiskSettings {
  return {
    durability: random.pick(["memory", "disk", "disk"]),
    latencyMs: random.pick([0.1, 2, 10]),
    jitterMs: random.pick([0, 5, 50]),
    failureRate: random.pick([0, 0, 0.05]),
  };
}

function drawWeights(random: Prng): Record<string, number> {
  const on = FAULTS.filter(({ isRare }) => random.chance(isRare === true ? 0.2 : 0.4));
  const weights: Record<string, number> = {};
  for (const { name, isRare } of on) {
    weights[name] = isRare === true ? 1 : random.range(1, WEIGHT_MAX + 1);
  }
  // What is deployed is mostly taken back, too.
  const isDeployed = "upgrade" in weights || "upgrade-digests" in weights;
  if (isDeployed && random.chance(0.7)) weights["downgrade"] = WEIGHT_MAX;
  return weights;
}

/** Tiny bounds now and then, so that their brim is reached. */
function drawLimits(random: Prng, clockErrorMsMax: Millis): Partial<Limits> {
  return {
    ...(random.chance(0.9) && { auditIntervalMs: random.range(500, 4_000) }),
    ...(random.chance(0.3) && { changeLogEntriesMax: random.range(4, 40) }),
    ...(random.chance(0.3) && { changeLogBytesMax: random.range(500, 4_000) }),
    ...(random.chance(0.3) && { pushWindowBytesMax: random.range(200, 2_000) }),
    ...(random.chance(0.3) && { pushBatchBytesMax: random.range(200, 2_000) }),
    ...(random.chance(0.3) && { syncChunkBytesMax: random.range(200, 2_000) }),
    ...(random.chance(0.1) && { hotSessionsMax: random.range(1, 6) }),
    ...(random.chance(0.3) && { coldDeltasMax: random.range(0, 4) }),
    ...(random.chance(0.5) && { clockMarginMs: clockErrorMsMax * 2 + 2_000 }),
    ...(random.chance(0.5) ? drawQuickVerdicts(random) : {}),
  };
}

/** Chunks so small that a few sessions take several. */
function drawChunks(random: Prng): Partial<Limits> {
  return {
    ...(random.chance(0.3) && { rangeChunkBytesMax: random.range(200, 2_000) }),
    ...(random.chance(0.3) && { persistBatchBytesMax: random.range(200, 4_000) }),
  };
}

/** Members are doubted and given up within seconds, so that it happens in short runs too. */
function drawQuickVerdicts(random: Prng): Partial<Limits> {
  return {
    heartbeatIntervalMs: 250,
    suspectFloorMs: random.pick([500, 2_000]),
    suspicionMs: random.range(300, 1_000),
    goneAfterMs: random.chance(0.7) ? random.range(500, 2_500) : random.range(2_500, 60_000),
  };
}

/**
 * What a seed draws of its users: how many there are, how they move about, and what they do with their
 * sessions, much of it not at all, since what never rests hides what another would show.
 *
 * Not here: doing it (workload.ts, mutations.ts).
 */
import { createPrng, type Limits, type Millis, type Prng } from "@session-mesh/core";
import { type Activity, ACTIVITIES } from "./mutations.js";

/** How users behave. */
export interface WorkloadOptions {
  readonly users: number;
  /** How many requests of one user may be under way at once. */
  readonly tabs: number;
  /** The mean pause between two requests of one tab. */
  readonly pauseMs: Millis;
  readonly thinkMs: Millis;
  readonly acks: number | "all";
  /** How likely a request goes to another node than the one before. */
  readonly roamRate: number;
  /** How likely a request only reads, touches, logs out, changes the id or the idle time. */
  readonly viewRate: number;
  readonly touchRate: number;
  readonly logoutRate: number;
  readonly regenerateRate: number;
  /** A session of more acknowledged writes than this is logged out, so that few grow without end. */
  readonly retiredAfterWrites: number;
  readonly idleChangeRate: number;
  /** How likely two drafts of one session, read on two nodes, are committed at once. */
  readonly draftsRate: number;
  /** How likely a request overwrites one key many times, and how often. */
  readonly burstRate: number;
  readonly burstCommits: number;
  /** How likely a user writes to the empty session that an uncertain miss gave him. */
  readonly unknownWriteRate: number;
  /** How likely a user waits until just before, or just after, his session's end. */
  readonly boundaryRate: number;
  /** How likely a user takes part in another's session instead of a login: two browsers, one session. */
  readonly companionRate: number;
  /** How likely a change writes fields of the envelope too, one of each join. */
  readonly fieldsRate: number;
  /** A user with more tokens than this waits for his peers instead. */
  readonly tokensMax: number;
  /** How many people share the users' sessions; with none, nobody can be logged out everywhere. */
  readonly accounts: number;
  readonly revokeRate: number;
  readonly idleMs: Millis;
  readonly absoluteMs: Millis;
  /** What changes are made of, by weight. */
  readonly activities: Readonly<Partial<Record<Activity, number>>>;
  readonly blobBytesMax: number;
  /** Which part of the sessions is compared with the model at every read. */
  readonly modelRate: number;
}

const DAY_MS: Millis = 86_400_000;

/** What a seed draws of its users. */
export function drawWorkload(
  seed: number,
  { isShortLived }: { isShortLived: boolean },
): WorkloadOptions {
  const random = createPrng(seed * 4_096 + 4_095);
  const accounts = random.chance(0.3) ? random.range(1, 4) : 0;
  const companions = createPrng(seed * 4_096 + 4_092);
  return {
    companionRate: companions.chance(0.3) ? 0.7 : 0,
    tokensMax: companions.pick([2, 6, 6]),
    fieldsRate: companions.pick([0, 0.2]),
    users: random.pick([2, 2, 3, 4, 6]),
    tabs: random.pick([1, 1, 2, 3]),
    pauseMs: random.pick([200, 600, 1_500, 3_000]),
    thinkMs: random.pick([0, 10, 200]),
    acks: random.pick([0, 1, 1, 1, 2, "all" as const]),
    roamRate: random.pick([0.1, 0.5, 1]),
    viewRate: random.pick([0.1, 0.3]),
    touchRate: random.pick([0, 0.1]),
    logoutRate: random.pick([0, 0.02, 0.1]),
    regenerateRate: random.pick([0, 0.02, 0.1]),
    retiredAfterWrites: random.pick([20, 40, 40, 400]),
    idleChangeRate: random.pick([0, 0, 0.05]),
    draftsRate: random.pick([0, 0.05, 0.3]),
    burstRate: random.chance(0.2) ? 0.05 : 0,
    burstCommits: random.pick([15, 15, 40, 1_000]),
    unknownWriteRate: random.pick([0, 0.3]),
    accounts,
    revokeRate: accounts > 0 ? random.pick([0.01, 0.05]) : 0,
    ...drawLifetimes(random, isShortLived),
    activities: drawActivities(random),
    blobBytesMax: random.pick([100, 1_000, 8_000]),
    modelRate: random.pick([0.1, 0.3, 1]),
  };
}

/** Some seeds have sessions that end while they are watched. */
function drawLifetimes(
  random: Prng,
  isShortLived: boolean,
): Pick<WorkloadOptions, "idleMs" | "absoluteMs" | "boundaryRate"> {
  const idleMs = isShortLived ? random.range(2_000, random.pick([8_000, 40_000])) : DAY_MS;
  const isOverSoon = isShortLived && random.chance(0.5);
  const absoluteMs = isOverSoon ? random.range(3_000, 12_000) : 30 * DAY_MS;
  const isShort = idleMs < DAY_MS || absoluteMs < DAY_MS;
  return { idleMs, absoluteMs, boundaryRate: isShort ? random.pick([0, 0.3]) : 0 };
}

function drawActivities(random: Prng): Partial<Record<Activity, number>> {
  // Some seeds do two things only, so that these meet themselves again and again.
  const isFocused = random.chance(0.3);
  const on = isFocused
    ? random.shuffle(ACTIVITIES).slice(0, 2)
    : ACTIVITIES.filter(() => random.chance(0.5));
  return {
    mark: isFocused ? 1 : 2,
    ...Object.fromEntries(on.map((activity) => [activity, random.range(1, 4)])),
  };
}

/** What users draw who share one session, and change the same parts of it at once. */
export function drawCrowd(random: Prng): Partial<WorkloadOptions> {
  const [first = "thing", second = "push"] = random.shuffle(ACTIVITIES);
  return {
    ...{ users: random.range(2, 5), tabs: 2, pauseMs: 200, roamRate: 1, companionRate: 1 },
    ...{ viewRate: 0.1, logoutRate: 0, regenerateRate: 0, accounts: 0, revokeRate: 0 },
    ...{ draftsRate: 0.3, modelRate: 1, retiredAfterWrites: random.pick([20, 40]) },
    activities: { [first]: 4, [second]: 1 },
  };
}

/** Limits that users can reach, in some seeds. */
export function drawWorkloadLimits(seed: number): Partial<Limits> {
  const random = createPrng(seed * 4_096 + 4_094);
  return {
    ...(random.chance(0.2) && { sessionBytesMax: random.range(400, 4_000) }),
    ...(random.chance(0.1) && { sessionsMax: random.range(2, 12) }),
    ...(random.chance(0.1) && { sessionsBytesMax: random.range(4_000, 40_000) }),
    ...(random.chance(0.1) && { tombstonesMax: random.range(1, 6) }),
    ...(random.chance(0.1) && { ackWaitersMax: random.range(1, 6) }),
    ...(random.chance(0.1) && { pullsMax: random.range(1, 4) }),
    ...(random.chance(0.1) && { tokenWaitersMax: random.range(1, 3) }),
    ...(random.chance(0.2) && { unreachedRevisionsMax: random.range(1, 8) }),
  };
}

/**
 * A partition: the app servers in two halves that cannot reach one another, a balancer before each,
 * and the heal.
 *
 * Users are sent to their side before the cut and back after the heal, as by the network that they
 * are in; their cookies go with them. Not here: when it happens (storyline.ts), who crosses (user.ts).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Balancer } from "./balancer.js";
import type { Cluster, Slot } from "./cluster.js";
import type { Route } from "./users/storefront.js";

const BALANCER_PORT = 8180;
const POLL_MS = 20;
/** How long what was sent before users went to their side may take. */
const IN_FLIGHT_DEADLINE_MS = 10_000;

/** The partition, before, while and after there is one. */
export class Partition {
  readonly #cluster: Cluster;
  readonly #common: Balancer;
  #sides: readonly [Balancer, Balancer] | undefined;
  #areUsersApart = false;
  #isCut = false;
  #healedAtMs = Number.NEGATIVE_INFINITY;

  constructor(cluster: Cluster, common: Balancer) {
    this.#cluster = cluster;
    this.#common = common;
  }

  /** The route of a user, who is always on the same side. */
  routeOf(userNumber: number): Route {
    const own = userNumber % 2;
    return {
      origin: () =>
        (this.#areUsersApart && this.#sides?.[own === 0 ? 0 : 1]?.url) || this.#common.url,
      otherSide: () => (this.#isCut ? this.#sides?.[own === 0 ? 1 : 0]?.url : undefined),
      wasCutSince: (sinceMs) => this.wasCutSince(sinceMs),
    };
  }

  /** See {@link Route}. */
  wasCutSince(sinceMs: number): boolean {
    return this.#isCut || this.#healedAtMs >= sinceMs;
  }

  /** Sends users to their side, and cuts the links between the halves; resolves to who is where. */
  async cut(): Promise<readonly [readonly string[], readonly string[]]> {
    const { slots } = this.#cluster;
    const half = Math.ceil(slots.length / 2);
    const halves = [slots.slice(0, half), slots.slice(half)] as const;
    this.#sides = [await balancerOf(halves[0], 0), await balancerOf(halves[1], 1)];
    this.#areUsersApart = true;
    await this.#untilAnswered();
    this.#isCut = true;
    for (const slot of slots) slot.doing = halves[0].includes(slot) ? "on side 1" : "on side 2";
    const names = [namesOf(halves[0]), namesOf(halves[1])] as const;
    for (const { gate } of halves[0]) gate?.cut(new Set(names[1]));
    for (const { gate } of halves[1]) gate?.cut(new Set(names[0]));
    return names;
  }

  /** Lets the halves reach one another; resolves when all are linked to all, and users are back. */
  async heal(): Promise<void> {
    for (const { gate } of this.#cluster.slots) gate?.cut(new Set());
    await this.#cluster.untilLinked();
    for (const slot of this.#cluster.slots) slot.doing = "";
    this.#healedAtMs = performance.now();
    this.#isCut = false;
    this.#areUsersApart = false;
  }

  close(): void {
    for (const side of this.#sides ?? []) side.close();
  }

  async #untilAnswered(): Promise<void> {
    const startedAtMs = performance.now();
    const isBusy = (): boolean =>
      this.#common.upstreams.some(({ inFlightCount }) => inFlightCount > 0);
    do await sleep(POLL_MS);
    while (isBusy() && performance.now() - startedAtMs < IN_FLIGHT_DEADLINE_MS);
  }
}

async function balancerOf(slots: readonly Slot[], side: number): Promise<Balancer> {
  const balancer = new Balancer();
  await balancer.listen(BALANCER_PORT + side);
  for (const slot of slots) {
    if (slot.process) slot.sideUpstream = balancer.add(slot.name, slot.process.origin);
  }
  while (balancer.upstreams.some(({ isReady }) => !isReady)) await sleep(POLL_MS);
  return balancer;
}

function namesOf(slots: readonly Slot[]): string[] {
  return slots.map(({ name }) => name);
}

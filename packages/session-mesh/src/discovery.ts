/**
 * Seeds by name: every address that DNS has for a name is a seed, and the name is looked up again
 * and again, so that nodes are found that came after this one started.
 *
 *   seeds ["mesh.internal:7946"] ──A 10.0.0.5, A 10.0.0.6──▶ ["ws://10.0.0.5:7946", "ws://10.0.0.6:7946"]
 *
 * What cannot be looked up stays what it was: DNS being down costs a node nobody whom it knows. A
 * name that has never been found is itself the seed, to be dialled as it is.
 *
 * Not here: the questions to DNS (discovery-lookup.ts), and dialling.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Millis } from "@session-mesh/core";
import { dnsNameOf, withHost } from "./addresses.js";
import type { NameLookup } from "./discovery-lookup.js";

/** How seeds that are names are looked up. */
export interface DiscoveryOptions {
  /** DNS servers to ask, as `"10.0.0.10"` or `"10.0.0.10:5353"`. Default: as the machine does. */
  readonly servers?: readonly string[];
  /** How long between two lookups, give or take a fifth. @default 10_000 */
  readonly intervalMs?: Millis;
}

/** Addresses taken of one name: as many as a node remembers members by default. */
const ADDRESSES_MAX = 256;

/** How soon a lookup that failed is tried again; doubled each time, up to the interval. */
const RETRY_MS: Millis = 1_000;

/** How far a wait strays from the interval, so that nodes started together do not ask together. */
const JITTER = 0.2;

/** What discovery needs. */
export interface DiscoveryPort {
  readonly lookup: NameLookup;
  readonly intervalMs: Millis;
  /** Takes the few lines that an operator must see. */
  log(line: string): void;
}

/** The seeds of a node as they are now. */
export class Discovery {
  readonly #port: DiscoveryPort;
  readonly #seeds: readonly string[];
  /** What each seed that has a name leads to; absent until it was found once. */
  readonly #found = new Map<string, readonly string[]>();
  readonly #failing = new Set<string>();
  readonly #stop = new AbortController();
  #ownAddress = "";

  /** `seeds` are canonical addresses. */
  constructor(seeds: readonly string[], port: DiscoveryPort) {
    this.#seeds = seeds;
    this.#port = port;
  }

  /** Where to find others, now: this node's own address is not among them. */
  seeds(): string[] {
    const others = this.#seeds.filter((seed) => seed !== this.#ownAddress);
    const all = others.flatMap((seed) => this.#found.get(seed) ?? [seed]);
    const own = [this.#ownAddress, ...(this.#found.get(this.#ownAddress) ?? [])];
    return [...new Set(all)].filter((address) => !own.includes(address));
  }

  /** The name by which an address was found. */
  nameOf(address: string): string | undefined {
    for (const [seed, addresses] of this.#found) {
      if (addresses.includes(address)) return dnsNameOf(seed);
    }
    return undefined;
  }

  /** Begins to look up, if there is a name; `changed` hears of seeds that are others than before. */
  start(ownAddress: string, changed: (seeds: readonly string[]) => void): void {
    this.#ownAddress = ownAddress;
    const isNamed = (address: string): boolean => dnsNameOf(address) !== undefined;
    const named = this.#seeds.filter((seed) => seed !== ownAddress && isNamed(seed));
    if (named.length === 0) return;
    // Its own name leads to addresses at which it would only meet itself.
    if (ownAddress !== "" && isNamed(ownAddress)) named.push(ownAddress);
    void this.#keepLookingUp(named, changed);
  }

  /** Ends it for good; `changed` is not called any more. */
  stop(): void {
    this.#stop.abort();
    this.#port.lookup.cancel();
  }

  async #keepLookingUp(
    named: readonly string[],
    changed: (seeds: readonly string[]) => void,
  ): Promise<void> {
    const { intervalMs } = this.#port;
    const { signal } = this.#stop;
    let known = this.seeds().join();
    let retryMs = RETRY_MS;
    while (!signal.aborted) {
      await Promise.all(named.map((seed) => this.#lookUp(seed)));
      if (signal.aborted) return;
      const seeds = this.seeds();
      if (seeds.join() !== known) changed(seeds);
      known = seeds.join();
      const isFailing = this.#failing.size > 0;
      const waitMs = isFailing ? Math.min(retryMs, intervalMs) : intervalMs;
      retryMs = isFailing ? retryMs * 2 : RETRY_MS;
      const jitter = 1 + JITTER * (2 * Math.random() - 1);
      // Rejects when it is stopped, which the loop sees for itself.
      await delay(waitMs * jitter, undefined, { ref: false, signal }).catch(() => {});
    }
  }

  /** Never rejects. */
  async #lookUp(seed: string): Promise<void> {
    const name = dnsNameOf(seed) ?? "";
    try {
      const hosts = await this.#port.lookup.addressesOf(name);
      const addresses = hosts.map((host) => withHost(seed, host));
      this.#found.set(seed, addresses.sort().slice(0, ADDRESSES_MAX));
      if (this.#failing.delete(seed)) this.#port.log(`${name} is found again`);
    } catch (error) {
      if (this.#stop.signal.aborted || this.#failing.has(seed)) return;
      this.#failing.add(seed);
      const { code = String(error) } = error as NodeJS.ErrnoException;
      const meanwhile = this.#found.has(seed) ? "keeping the addresses it had" : "trying again";
      this.#port.log(`${name} cannot be looked up (${code}); ${meanwhile}`);
    }
  }
}

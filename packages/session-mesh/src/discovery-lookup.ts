/**
 * Turns a name into addresses: by the machine's own resolver, with its hosts file and search
 * domains, or by asking given DNS servers.
 *
 * Not here: when to look up, and what a failure means (discovery.ts).
 */
import { lookup, Resolver } from "node:dns/promises";

/** How long a given server may take to answer. */
const ANSWER_DEADLINE_MS = 2_000;

/** How often it is asked before it counts as failed. */
const TRIES = 2;

/** What DNS servers say where a name has no record of a kind; anything else is a failure. */
const NO_RECORD: readonly unknown[] = ["ENODATA", "ENOTFOUND"];

/** Looks names up. */
export interface NameLookup {
  /** Every A and AAAA record; rejects when there is none, or when not all could be asked for. */
  addressesOf(name: string): Promise<string[]>;
  /** What is under way rejects soon. */
  cancel(): void;
}

/** Creates a lookup; `servers` as IP addresses, with a port if it is not 53. */
export function createNameLookup(servers: readonly string[] | undefined): NameLookup {
  return servers ? fromServers(servers) : FROM_SYSTEM;
}

const FROM_SYSTEM: NameLookup = {
  async addressesOf(name) {
    const found = await lookup(name, { all: true });
    return found.map(({ address }) => address);
  },
  cancel() {},
};

function fromServers(servers: readonly string[]): NameLookup {
  const resolver = new Resolver({ timeout: ANSWER_DEADLINE_MS, tries: TRIES });
  resolver.setServers(servers);
  return {
    async addressesOf(name) {
      const kinds = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
      const missing = kinds.filter((kind) => kind.status === "rejected");
      const isFailed = ({ reason }: PromiseRejectedResult): boolean =>
        !NO_RECORD.includes((reason as NodeJS.ErrnoException).code);
      const failure = missing.find(isFailed) ?? (missing.length === kinds.length && missing[0]);
      if (failure) throw failure.reason;
      return kinds.flatMap((kind) => (kind.status === "fulfilled" ? kind.value : []));
    },
    cancel: () => resolver.cancel(),
  };
}

/** Which refusals stand: what readiness shows must end when its cause does. */
import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "./config.js";
import type { NodeId, SessionId, WriterId } from "./ids.js";
import { createPrng } from "./prng.js";
import { Replica } from "./replica.js";
import type { Runtime, Ticket } from "./runtime.js";

const SEED = "ws://10.0.0.6:7946";

/** A runtime on which nothing happens. */
function quietRuntime(): Runtime {
  const nothing = (): void => {};
  return {
    wallMs: () => 1_800_000_000_000,
    elapsedMs: () => 0,
    random: createPrng(1),
    send: nothing,
    closeLink: nothing,
    dial: nothing,
    schedule: nothing,
    settle: nothing,
    emit: nothing,
    persist: nothing,
  };
}

function startReplica(runtime = quietRuntime()): Replica {
  const identity = { cluster: "shop", node: "a" as NodeId, writer: 7 as WriterId };
  const places = { address: "ws://10.0.0.5:7946", seeds: [SEED] };
  const keys = { digestKey: [1, 2] as const, limits: DEFAULT_LIMITS };
  const replica = new Replica({ ...identity, ...places, ...keys }, runtime);
  replica.start();
  return replica;
}

const refusal = { code: "proof", detail: "it does not know the secret", byPeer: false } as const;

test("a refusal stands with who refused whom", () => {
  const replica = startReplica();
  replica.dialFailed(SEED, refusal);
  expect(replica.status().refusals).toEqual([{ address: SEED, ...refusal }]);
  replica.dialFailed(SEED, { ...refusal, byPeer: true });
  expect(replica.status().refusals).toEqual([{ address: SEED, ...refusal, byPeer: true }]);
});

test("it stands no more once nobody is there", () => {
  const replica = startReplica();
  replica.dialFailed(SEED, refusal);
  replica.dialFailed("ws://10.0.0.7:7946", { code: "unreachable", detail: "refused" });
  expect(replica.status().refusals).toHaveLength(1);
  replica.dialFailed(SEED, { code: "unreachable", detail: "connection refused" });
  expect(replica.status().refusals).toEqual([]);
});

test("nor once the address is no seed any more", () => {
  const replica = startReplica();
  replica.dialFailed(SEED, refusal);
  replica.setSeeds([SEED, "ws://10.0.0.7:7946"]);
  expect(replica.status().refusals).toHaveLength(1);
  replica.setSeeds(["ws://10.0.0.7:7946"]);
  expect(replica.status().refusals).toEqual([]);
});

test("P9: whom a node could not ask it waits for; where no seed is left there is nobody to ask", () => {
  const outcomes: unknown[] = [];
  const runtime = {
    ...quietRuntime(),
    settle: (_: Ticket, outcome: unknown) => outcomes.push(outcome),
  };
  const replica = startReplica(runtime);
  const session = "AAAAAAAAAAAAAAAAAAAAAA" as SessionId;
  replica.pull(1 as Ticket, session);
  expect(outcomes).toMatchObject([{ status: "unknown" }]);
  replica.setSeeds([]);
  replica.pull(2 as Ticket, session);
  expect(outcomes[1]).toMatchObject({ status: "absent" });
});

/** Defects between nodes: in auditing, pushing, acknowledging, draining, asking and doubting. */
import type { Canary } from "./patch.js";

const CORE = "packages/core/src";

/** The canaries of what passes between nodes. */
export const PROTOCOL_CANARIES: readonly Canary[] = [
  {
    name: "no-audit",
    says: "differences are never looked for",
    checkers: ["P8"],
    seedsMax: 60,
    edits: [
      {
        file: `${CORE}/antientropy/auditor.ts`,
        find: 'this.#port.send(peer, { type: "audit", round: this.#rounds, a, b, count });',
        replace: "void [a, b, count];",
      },
    ],
  },
  {
    name: "early-ack",
    says: "a change is confirmed though it could not be applied",
    checkers: ["P1", "M8", "P8"],
    seedsMax: 80,
    edits: [
      {
        file: `${CORE}/gossip/follower.ts`,
        find: "    if (gaps.size > 0) return;\n",
        replace: "",
      },
    ],
  },
  {
    name: "unstored-ack",
    says: "a change is confirmed before it is on the disk",
    checkers: ["P1", "P3", "P10", "M8"],
    seedsMax: 120,
    override: {
      disks: { durability: "disk", latencyMs: 10, jitterMs: 50, failureRate: 0 },
      nodes: 2,
      nemesis: {
        weights: { "slow-disk": 4, "power-loss": 4, "power-cut": 2, "empty-disk": 4 },
        pauseMs: 200,
        spellMsMax: 500,
      },
      workload: { pauseMs: 100, acks: 1 },
    },
    edits: [
      {
        file: `${CORE}/gossip/follower.ts`,
        find: "next && this.#port.isConfirmable(next.point);",
        replace: "next;",
      },
    ],
  },
  {
    name: "late-apply",
    says: "every tenth push is confirmed, and what it says is dropped",
    checkers: ["P1", "P4", "M8", "P8"],
    seedsMax: 60,
    edits: [
      {
        file: `${CORE}/gossip/follower.ts`,
        find: "    for (const item of push.items) {\n",
        replace: "    for (const item of push.toSeqInclusive % 10 === 0 ? [] : push.items) {\n",
      },
    ],
  },
  {
    name: "impatient-drain",
    says: "a drain says that everything is confirmed without having waited",
    checkers: ["P1", "P3", "P7", "P8", "M8"],
    seedsMax: 120,
    edits: [
      {
        file: `${CORE}/drain.ts`,
        find: "const isDone = targets.length > 0 ? targets.every(isConfirmedBy) : !this.#port.mayReturn();",
        replace: "const isDone = targets.length > 0;",
      },
      {
        file: `${CORE}/drain.ts`,
        find: "const confirmed = peers > 0 && targets.every(isConfirmedBy);",
        replace: "const confirmed = peers > 0;",
      },
    ],
  },
  {
    name: "forgotten-overflow",
    says: "changes that fell out of the log are neither audited nor told from confirmed ones",
    checkers: ["P1", "P3", "P4", "M8", "P8"],
    seedsMax: 80,
    override: {
      workload: { burstRate: 0.2, burstCommits: 20, pauseMs: 150 },
      limits: { changeLogEntriesMax: 4, pushWindowBytesMax: 200, auditIntervalMs: 20_000 },
    },
    edits: [
      {
        file: `${CORE}/gossip/pusher.ts`,
        find: "      this.#skipped.add(peer, { fromSeqExclusive, toSeqInclusive: floorSeq });\n      this.#port.needsAudit(peer);\n",
        replace: "",
      },
    ],
  },
  {
    name: "no-pull",
    says: "what is missed is called absent, and nobody is asked",
    checkers: ["P9", "P5"],
    seedsMax: 60,
    edits: [
      {
        file: `${CORE}/antientropy/puller.ts`,
        find: "    const known = this.#pulls.get(this.#bySession.get(session) ?? -1);\n",
        replace: `    if (!isThorough) {
      const outcome = { session, outcome: "absent", asked: 0, tookMs: 0 } as const;
      this.#port.emit({ type: "pull-finished", ...outcome });
      this.#port.settle(ticket, { kind: "pull", status: "absent" });
      return;
    }
    const known = this.#pulls.get(this.#bySession.get(session) ?? -1);
`,
      },
    ],
  },
  {
    name: "no-refutation",
    says: "who is suspected once is never believed again",
    checkers: ["P8"],
    seedsMax: 60,
    edits: [
      {
        file: `${CORE}/membership/membership.ts`,
        find: 'if (state === "suspect" || state === "down") this.suspicion.revive(member, "heard again");',
        replace: "void state;",
      },
      {
        file: `${CORE}/membership/roster.ts`,
        find: "    if (!isDoubt || fact.incarnation < this.#self.incarnation) return;\n",
        replace: "    if (isDoubt || accuser) return;\n",
      },
      {
        file: `${CORE}/membership/membership.ts`,
        find: 'if (member.fact.state !== "alive") this.suspicion.revive(member, "said hello");',
        replace: "",
      },
    ],
  },
  {
    name: "hearsay-gap",
    says: "a change is shown although what its author saw is missing",
    checkers: ["M4", "M5", "M7", "M8", "P1", "P2", "P5", "P8"],
    seedsMax: 120,
    override: {
      nodes: 4,
      nemesis: { weights: { hole: 4, "one-way": 3, stall: 3 }, pauseMs: 300, spellMsMax: 3_000 },
      workload: { users: 2, tabs: 3, pauseMs: 150, roamRate: 1, modelRate: 1 },
    },
    edits: [
      {
        file: `${CORE}/session/held.ts`,
        find: "const isGap = !isNext || !dominates(revisions, commit.seen);",
        replace: "const isGap = !isNext && !dominates(revisions, commit.seen);",
      },
    ],
  },
  {
    name: "draining-acks",
    says: "what a node that leaves has confirmed counts as kept",
    checkers: ["P1", "P3", "P7", "M8"],
    seedsMax: 200,
    edits: [
      {
        file: `${CORE}/gossip/stream.ts`,
        find: "    return this.#standing().isDraining;\n",
        replace: "    return false;\n",
      },
    ],
  },
  {
    name: "short-batch",
    says: "the last session of a full batch is left out, and confirmed",
    checkers: ["P1", "M8", "P8"],
    seedsMax: 150,
    override: {
      limits: { changeLogBytesMax: 500, syncChunkBytesMax: 300, auditIntervalMs: 20_000 },
      nemesis: { weights: { halves: 4, reset: 3 }, pauseMs: 400, spellMsMax: 1_500 },
      workload: { users: 6, companionRate: 0, pauseMs: 200 },
    },
    edits: [
      {
        file: `${CORE}/gossip/batches.ts`,
        find: "      wholes.set(session, this.#log.headSeq);\n",
        replace: `      wholes.set(session, this.#log.headSeq);
      if (bytes + itemBytes(item) >= this.#port.limits.syncChunkBytesMax) continue;
`,
      },
    ],
  },
  {
    name: "forgotten-readers",
    says: "what others wrote goes into no token",
    checkers: ["P5 monotonic reads", "P5 read your writes"],
    seedsMax: 60,
    override: {
      nodes: 4,
      nemesis: {
        weights: { hole: 4, "one-way": 3, stall: 3, bridge: 2 },
        pauseMs: 300,
        spellMsMax: 3_000,
      },
      workload: {
        ...{ users: 4, tabs: 1, companionRate: 1, pauseMs: 150, roamRate: 1, viewRate: 0.5 },
        ...{ logoutRate: 0, accounts: 0, idleMs: 86_400_000, absoluteMs: 2_592_000_000 },
      },
    },
    edits: [
      {
        file: `${CORE}/sharing.ts`,
        find: "      const lackers = this.#lackers(held, writer, members);\n",
        replace: `      if (writer !== this.#port.writer) continue;
      const lackers = this.#lackers(held, writer, members);
`,
      },
    ],
  },
  {
    name: "open-window",
    says: "changes are pushed however many bytes are unconfirmed",
    checkers: ["bounds"],
    seedsMax: 100,
    edits: [
      {
        file: `${CORE}/gossip/pusher.ts`,
        find: "stream.inFlightBytes < pushWindowBytesMax",
        replace: "pushWindowBytesMax > 0",
      },
    ],
  },
];

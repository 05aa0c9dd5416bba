/** Defects in one session: its lifetimes, clocks, fingerprint and merges. */
import type { Canary } from "./patch.js";

const CORE = "packages/core/src";

/** The canaries of what a session holds. */
export const SESSION_CANARIES: readonly Canary[] = [
  {
    name: "early-oblivion",
    says: "a logout is forgotten three seconds after its session began",
    checkers: ["P3", "P8"],
    seedsMax: 120,
    edits: [
      {
        file: `${CORE}/session/expiry.ts`,
        find: "return absoluteExpiresAtMs + 2 * clockMarginMs;",
        replace: "return absoluteExpiresAtMs - 30 * 86_400_000 + 3_000 + 0 * clockMarginMs;",
      },
    ],
  },
  {
    name: "untold-logout",
    says: "a logout is confirmed and not told",
    checkers: ["P1", "P3", "P8"],
    seedsMax: 60,
    edits: [
      {
        file: `${CORE}/local-sessions.ts`,
        find: 'const seq = this.#port.push({ kind: "tombstone", session, ...tombstone });',
        replace:
          'const seq = this.#port.push({ kind: "delta", session, fields: {}, commit: undefined });',
      },
    ],
  },
  {
    name: "last-touch",
    says: "of two touches the one that arrives last counts, not the later one",
    checkers: ["P4", "P8", "M10"],
    seedsMax: 80,
    edits: [
      {
        file: `${CORE}/session/envelope.ts`,
        find: "touchedAtMs: Math.max(a.touchedAtMs, b.touchedAtMs),",
        replace: "touchedAtMs: b.touchedAtMs,",
      },
    ],
  },
  {
    name: "reused-writer",
    says: "a node that comes back writes under the same writer as before",
    checkers: ["P1", "P8", "M8", "M11", "no exception escapes", "clocks are monotone"],
    seedsMax: 100,
    edits: [
      {
        file: `${CORE}/replica.ts`,
        find: "    this.#config = config;\n",
        replace: `    config = {
      ...config,
      writer: [...config.node].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) as never,
    };
    this.#config = config;
`,
      },
    ],
  },
  {
    name: "bare-fingerprint",
    says: "the fingerprint leaves out what surrounds the document",
    checkers: ["P4", "P5", "P8", "M10", "equal digests"],
    seedsMax: 200,
    override: {
      limits: { changeLogEntriesMax: 4 },
      nemesis: { weights: { halves: 4, isolation: 4 }, spellMsMax: 8_000, pauseMs: 500 },
      workload: { idleChangeRate: 0.5, pauseMs: 300, users: 3, idleMs: 86_400_000 },
    },
    edits: [
      {
        file: `${CORE}/session/fingerprint.ts`,
        find: `    mixer.word(2).number(envelope.createdAtMs).number(envelope.absoluteExpiresAtMs);
    mixer.number(envelope.idleMs).number(envelope.idleStamp.hlc).number(envelope.idleStamp.writer);
    mixer.number(envelope.touchedAtMs);
    for (const value of envelope.revisions) mixer.number(value);
`,
        replace: "",
      },
    ],
  },
  {
    name: "low-clock",
    says: "a commit's clock is above the node's own, and not above the document's",
    checkers: ["M1-M12", "M2", "P5", "clocks are monotone"],
    seedsMax: 100,
    override: {
      nemesis: {
        weights: { "clock-ahead": 4, "clock-leap": 4 },
        areClocksWild: true,
        pauseMs: 500,
      },
      workload: { pauseMs: 150, roamRate: 1, idleMs: 86_400_000 },
    },
    edits: [
      {
        file: `${CORE}/local-sessions.ts`,
        find: "hlcAfter(this.#port.wallMs(), this.#port.hlc(), held.hlcMax);",
        replace: "hlcAfter(this.#port.wallMs(), this.#port.hlc());",
      },
      {
        file: `${CORE}/session/document.ts`,
        find: "    assert(stamp.hlc > this.#hlcMax, `commit at ${stamp.hlc}, not above ${this.#hlcMax}`);\n",
        replace: "",
      },
    ],
  },
  {
    name: "no-clock",
    says: "of two writes the higher writer's counts, not the later one",
    checkers: ["M1-M12", "M2", "P5"],
    seedsMax: 60,
    edits: [
      {
        file: `${CORE}/session/entry.ts`,
        find: "return a.hlc - b.hlc || a.writer - b.writer || a.clock - b.clock;",
        replace: "return a.writer - b.writer || a.clock - b.clock;",
      },
    ],
  },
  {
    name: "double-count",
    says: "an increment that arrives again counts again",
    checkers: ["M8", "M11", "M1-M12", "P5", "P8"],
    seedsMax: 60,
    edits: [
      {
        file: `${CORE}/session/document.ts`,
        find: "        if (clock + i < known) return;\n",
        replace:
          '        if (clock + i < known && !String((raw as unknown[])[0]).includes("+")) return;\n',
      },
      {
        file: `${CORE}/session/places.ts`,
        find: "        const cells = (place.cells ??= new Map<WriterId, Entry>());\n",
        replace: `        const cells = (place.cells ??= new Map<WriterId, Entry>());
        const again = cells.get(last.writer);
        if (again?.clock === entry.clock) {
          const leaf = { ...entry.leaf, plus: (again.leaf as never)["plus"] + (entry.leaf as never)["plus"] };
          cells.set(last.writer, { ...entry, leaf: leaf as never });
          return { place, other: undefined, isWinner: true };
        }
`,
      },
    ],
  },
  {
    name: "hasty-collection",
    says: "what has expired here is dropped without asking whether someone touched it elsewhere",
    checkers: ["P4", "P1", "P8"],
    seedsMax: 250,
    // Users of one session on both sides of a cut: those of one are idle, and only they hold what they wrote.
    override: {
      nodes: 4,
      faultsMs: 14_000,
      clockErrorMsMax: 0,
      driftMax: 0,
      limits: { clockMarginMs: 200, collectIntervalMs: 200, goneAfterMs: 60_000 },
      nemesis: {
        weights: { halves: 4, isolation: 4 },
        pauseMs: 600,
        spellMsMax: 8_000,
        jumpMsMax: 0,
        areClocksWild: false,
      },
      workload: {
        ...{ idleMs: 2_500, absoluteMs: 86_400_000, boundaryRate: 0, idleChangeRate: 0 },
        ...{ users: 4, tabs: 1, companionRate: 1, accounts: 0, revokeRate: 0, roamRate: 0.1 },
        ...{
          pauseMs: 1_000,
          viewRate: 0.1,
          logoutRate: 0,
          regenerateRate: 0,
          burstRate: 0,
          acks: 1,
        },
      },
    },
    edits: [
      {
        file: `${CORE}/retention.ts`,
        find: "members?.every((member) => ",
        replace: "members?.every((member) => true || ",
      },
    ],
  },
  {
    name: "wrong-join",
    says: "a field that is a minimum is joined as a maximum",
    checkers: ["fields join", "P13", "P11", "P8"],
    seedsMax: 60,
    override: {
      nemesis: { weights: { halves: 3, hole: 3 }, pauseMs: 400 },
      workload: { fieldsRate: 0.5, draftsRate: 0.3, pauseMs: 200, companionRate: 0.7 },
    },
    edits: [
      {
        file: `${CORE}/session/envelope.ts`,
        find: 'compareValues(a.value, b.value) * (a.join === "min" ? -1 : 1);',
        replace: "compareValues(a.value, b.value);",
      },
    ],
  },
  {
    name: "undone-removal",
    says: "a list element that was removed comes back when it is moved later",
    checkers: ["M1-M12", "M7", "P8", "P5"],
    seedsMax: 150,
    override: {
      nodes: 3,
      nemesis: { weights: { halves: 4, isolation: 4 }, pauseMs: 300, spellMsMax: 2_000 },
      workload: {
        ...{ users: 3, tabs: 2, companionRate: 1, draftsRate: 0.3, pauseMs: 200, roamRate: 1 },
        ...{ accounts: 0, logoutRate: 0, viewRate: 0.1, idleMs: 86_400_000, modelRate: 1 },
        activities: { mark: 0, thing: 4, push: 0, increment: 0, scratch: 0, visit: 0, shape: 0 },
      },
    },
    edits: [
      {
        file: `${CORE}/session/places.ts`,
        find: "      if (!isRemoval) return this.#lose(place, entry, place.own);\n",
        replace:
          "      if (!isRemoval && compareEntries(entry, place.own) < 0) return this.#lose(place, entry, place.own);\n",
      },
    ],
  },
];

/** What the command is asked, and what it answers to those who ask for what cannot be. */
import { expect, test } from "vitest";
import { wishOf } from "./arguments.js";

const ask = (line: string): unknown => wishOf(line === "" ? [] : line.split(" "));

test("a hundred seeds from 1 on, unless something else is asked for", () => {
  expect(ask("")).toMatchObject({ kind: "seeds", seeds: 100, from: 1, minutes: undefined });
  expect(ask("--seeds 5 --from 9")).toMatchObject({ seeds: 5, from: 9 });
  expect(ask("--minutes 2")).toMatchObject({ seeds: Infinity, minutes: 2 });
  expect(ask("--seeds 5 --nodes 10")).toMatchObject({ override: { nodes: 10 } });
});

test("one seed, a scenario, or a canary", () => {
  expect(ask("--seed 7 --record r.jsonl")).toMatchObject({ kind: "seed", seed: 7 });
  expect(ask('--seed 7 --override {"nodes":2}')).toMatchObject({ override: { nodes: 2 } });
  expect(ask("--scenario logout")).toMatchObject({ kind: "scenario", name: "logout" });
  expect(ask("--canary no-audit")).toMatchObject({ kind: "seeds", canary: "no-audit" });
  expect(ask("--canary all")).toEqual({ kind: "canaries" });
  expect(ask("--membership 20,100")).toEqual({ kind: "membership", sizes: [20, 100] });
});

test.each([
  ["--sede 7", /Unknown option '--sede'/],
  ["--seed x", /--seed takes a whole number, such as --seed 42, not "x"/],
  ["--seeds -1", /--seeds/],
  ["--seed 1 --minutes 2", /--minutes means nothing beside --seed, which takes --record/],
  ["--scenario a --seed 1", /--seed means nothing beside --scenario/],
  ["--record r.jsonl", /--record needs --seed S or --scenario NAME/],
  ["--nodes 1", /--nodes takes 2 to 100, not 1/],
  ["--membership 2", /--membership takes 5 to 1000 nodes, not 2/],
  [
    "--membership 20 --seed 1",
    /--seed means nothing beside --membership, which takes nothing else/,
  ],
  ["--override nodes=3", /--override takes JSON in quotes/],
  ["--override [1]", /--override takes JSON in quotes/],
  ["--minutes soon", /--minutes takes a number/],
])("%s is refused with what to write", (line, remedy) => {
  expect(() => ask(line)).toThrow(remedy);
});

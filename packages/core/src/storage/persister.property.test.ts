/** What goes to the disk, and when it may be called durable: against a disk that fails as it likes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS, type Durability, type Limits } from "../config.js";
import type { EventBody } from "../events.js";
import type { SessionId } from "../ids.js";
import type { StorageBatch } from "../runtime.js";
import { Persister } from "./persister.js";

const named = (name: string): SessionId => name as SessionId;

/** A table whose sessions are numbers that only rise, and the disk beneath it. */
class Bench {
  readonly persister: Persister;
  readonly held = new Map<string, number>();
  readonly disk = new Map<string, number>();
  readonly delays: number[] = [];
  readonly events: EventBody[] = [];
  readonly batches: StorageBatch[] = [];
  advances = 0;

  constructor(limits: Partial<Limits> = {}, durability: Durability = "disk") {
    this.persister = new Persister({
      limits: { ...DEFAULT_LIMITS, ...limits },
      durability,
      elapsedMs: () => 0,
      schedule: (delayMs) => void this.delays.push(delayMs),
      emit: (event) => void this.events.push(event),
      persist: (batch) => void this.batches.push(batch),
      recordOf: (session) => {
        const value = this.held.get(session);
        return value === undefined ? undefined : new Uint8Array([value, 0, 0, 0]);
      },
      advanced: () => {
        this.advances += 1;
      },
      failed: () => {},
    });
  }

  change(name: string, options: { isUrgent?: boolean } = {}): void {
    this.held.set(name, (this.held.get(name) ?? 0) + 1);
    this.persister.changed(named(name));
    if (options.isUrgent !== false) this.persister.urge(named(name));
  }

  forget(name: string): void {
    this.held.delete(name);
    this.persister.changed(named(name));
  }

  /** The timer that is due fires. */
  fire(): void {
    if (this.delays.shift() !== undefined) this.persister.fire();
  }

  /** The disk ends the batch under way; says whether there was one. */
  end(isWell = true): boolean {
    const batch = this.batches.shift();
    if (!batch) return false;
    const half = isWell ? batch.puts : batch.puts.slice(0, batch.puts.length / 2);
    for (const { session, bytes } of half) this.disk.set(session, bytes[0] as number);
    if (isWell) for (const session of batch.removals) this.disk.delete(session);
    if (isWell) this.persister.persisted();
    else this.persister.failed("full");
    return true;
  }

  settle(): void {
    for (let i = 0; i < 1_000 && (this.batches.length > 0 || this.delays.length > 0); i++) {
      if (!this.end()) this.fire();
    }
  }
}

describe("what goes to the disk", () => {
  test("changes gather, and go together", () => {
    const bench = new Bench();
    for (const name of ["a", "b", "a"]) bench.change(name);
    expect(bench.delays).toEqual([DEFAULT_LIMITS.persistDelayMs]);
    bench.fire();
    expect(bench.batches[0]?.puts.map(({ session }) => session)).toEqual(["a", "b"]);
  });

  test("what is not held any more is removed", () => {
    const bench = new Bench();
    bench.change("a");
    bench.settle();
    bench.forget("a");
    bench.settle();
    expect([...bench.disk]).toEqual([]);
  });

  test("what someone waits for goes first, and a batch stays within its bound", () => {
    const bench = new Bench({ persistBatchBytesMax: 12 });
    for (const name of ["bulk1", "bulk2", "bulk3"]) bench.change(name, { isUrgent: false });
    bench.change("wanted");
    bench.fire();
    const sizes = bench.batches[0]?.puts.map(({ session }) => session);
    expect(sizes).toEqual(["wanted", "bulk1"]);
    bench.settle();
    expect(bench.disk.size).toBe(4);
  });

  test("while one batch is written no other begins, and then the next begins at once", () => {
    const bench = new Bench();
    bench.change("a");
    bench.fire();
    bench.change("b");
    expect(bench.delays).toEqual([]);
    expect(bench.batches.length).toBe(1);
    bench.end();
    expect(bench.batches.length).toBe(1);
    expect(bench.batches[0]?.puts.map(({ session }) => session)).toEqual(["b"]);
  });

  test("where nobody waits for the disk, the next batch gathers again", () => {
    const bench = new Bench({}, "memory");
    bench.change("a");
    bench.fire();
    bench.change("b");
    bench.end();
    expect(bench.batches.length).toBe(0);
    expect(bench.delays).toEqual([DEFAULT_LIMITS.persistDelayMs]);
  });

  test("nothing is stored without storage", () => {
    const bench = new Bench({}, "none");
    bench.change("a");
    expect(bench.delays).toEqual([]);
    expect(bench.persister.status.waiting).toBe(0);
  });

  test("a batch that failed comes again, after a while, as things are by then", () => {
    const bench = new Bench();
    bench.change("a");
    bench.fire();
    bench.change("a");
    bench.end(false);
    expect(bench.delays).toEqual([DEFAULT_LIMITS.persistRetryMs]);
    expect(bench.persister.status).toMatchObject({ isFailing: true, waiting: 2 });
    bench.settle();
    expect([...bench.disk]).toEqual([["a", 2]]);
    expect(bench.persister.status).toMatchObject({ isFailing: false, waiting: 0 });
    expect(bench.events.map(({ type }) => type)).toContain("persist-failed");
  });
});

test("P10: a point is durable only when all that was urgent by then is on the disk, and then it is", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("change"), name: fc.constantFrom("a", "b", "c", "d", "e", "f") }),
    fc.record({ do: fc.constant("bulk"), name: fc.constantFrom("a", "b", "g", "h") }),
    fc.record({ do: fc.constant("urge"), name: fc.constantFrom("a", "b", "g", "h") }),
    fc.record({ do: fc.constant("fire"), name: fc.constant("") }),
    fc.record({ do: fc.constantFrom("end", "end", "fail"), name: fc.constant("") }),
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80 }),
      fc.integer({ min: 1, max: 20 }),
      (steps, max) => {
        const bench = new Bench({ persistBatchBytesMax: max });
        const promised: { point: number; name: string; value: number }[] = [];
        const promise = (name: string): void => {
          const value = bench.held.get(name);
          if (value !== undefined) promised.push({ point: bench.persister.point, name, value });
        };
        const check = (): void => {
          for (const { point, name, value } of promised) {
            if (!bench.persister.isDurable(point)) continue;
            expect(bench.disk.get(name) ?? 0).toBeGreaterThanOrEqual(value);
          }
        };
        for (const { do: what, name } of steps) {
          if (what === "change") bench.change(name);
          if (what === "bulk") bench.change(name, { isUrgent: false });
          if (what === "urge") bench.persister.urge(named(name));
          if (what === "change" || what === "urge") promise(name);
          if (what === "fire") bench.fire();
          if (what === "end") bench.end();
          if (what === "fail") bench.end(false);
          check();
        }
        bench.settle();
        check();
        expect(promised.every(({ point }) => bench.persister.isDurable(point))).toBe(true);
        expect(bench.disk).toEqual(bench.held);
      },
    ),
    { numRuns: 300 },
  );
});

/** The runtime around a replica: inputs run to completion, and a bug stops the node for good. */
import {
  DEFAULT_LIMITS,
  InvariantError,
  type LinkId,
  type NodeId,
  Replica,
  type Ticket,
  type WriterId,
} from "@session-mesh/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MeshError } from "./mesh-error.js";
import { SystemRuntime } from "./system-runtime.js";

let heard: string[];
let onEvent: ((type: string) => void) | undefined;
let runtime: SystemRuntime;

beforeEach(() => {
  heard = [];
  onEvent = undefined;
  runtime = new SystemRuntime({
    send: (link) => void heard.push(`send ${link}`),
    closeLink: (link, reason) => void heard.push(`close ${link} ${reason}`),
    dial: (address) => void heard.push(`dial ${address}`),
    emit: ({ type }) => {
      heard.push(`event ${type}`);
      onEvent?.(type);
    },
    persist: () => void heard.push("persist"),
    failed: (error) => void heard.push(`failed ${String(error)}`),
  });
  const replica = new Replica(
    {
      cluster: "shop",
      node: "a" as NodeId,
      writer: 7 as WriterId,
      address: "",
      seeds: [],
      digestKey: [1, 2],
      limits: DEFAULT_LIMITS,
    },
    runtime,
  );
  runtime.attach(replica);
});
afterEach(() => runtime.end(new MeshError("closed", "the test is over")));

test("what an input causes leaves after it, in order, and later inputs come after that", () => {
  onEvent = (type) => {
    if (type !== "started") return;
    runtime.run((replica) => {
      heard.push("inner input");
      replica.linkOpened(2 as LinkId, { address: undefined });
    });
  };
  const result = runtime.run((replica) => {
    replica.start();
    replica.linkOpened(1 as LinkId, { address: undefined });
    heard.push("input is over");
    return 42;
  });
  expect(result).toBe(42);
  expect(heard).toEqual(["input is over", "event started", "inner input", "send 1", "send 2"]);
});

test("the clocks stand still during an input", () => {
  runtime.run(() => {
    const [wallMs, elapsedMs] = [runtime.wallMs(), runtime.elapsedMs()];
    const until = performance.now() + 5;
    while (performance.now() < until);
    expect([runtime.wallMs(), runtime.elapsedMs()]).toEqual([wallMs, elapsedMs]);
  });
});

test("a ticket is settled once, and an input that asks in vain is rejected", async () => {
  const outcome = await runtime.ask("acks", (_replica, ticket) => {
    runtime.settle(ticket, { kind: "acks", acks: 1, degraded: false });
    runtime.settle(ticket, { kind: "acks", acks: 2, degraded: true });
    runtime.settle(999 as Ticket, { kind: "acks", acks: 2, degraded: true });
  });
  expect(outcome).toEqual({ kind: "acks", acks: 1, degraded: false });
});

describe("crash-only", () => {
  const crash = (): never => {
    throw new InvariantError("two and two are five");
  };

  test("a broken invariant stops the node, told once; whoever waits is told", async () => {
    const waiting = runtime.ask("pull", () => {});
    expect(() => runtime.run(crash)).toThrow(MeshError);
    expect(heard).toEqual(["failed InvariantError: two and two are five"]);
    await expect(waiting).rejects.toMatchObject({ code: "failed" });
    expect(() => runtime.run(() => 1)).toThrow(/bug of its own/);
    await expect(runtime.ask("acks", () => {})).rejects.toMatchObject({ code: "failed" });
    expect(heard).toHaveLength(1);
  });

  test("an input that breaks while it asks is rejected, and nothing is left unhandled", async () => {
    await expect(runtime.ask("acks", crash)).rejects.toMatchObject({ code: "failed" });
  });

  test("whatever a replica throws counts as a bug, and outside inputs do not throw on", () => {
    runtime.feed(() => {
      throw new TypeError("undefined is not a function");
    });
    runtime.feed((replica) => replica.start());
    expect(heard).toEqual(["failed TypeError: undefined is not a function"]);
  });

  test("nothing that the broken input asked for leaves", () => {
    runtime.feed((replica) => {
      replica.start();
      crash();
    });
    expect(heard).toEqual(["failed InvariantError: two and two are five"]);
  });

  test("neither does it when the input came while others were delivered", () => {
    onEvent = () =>
      runtime.feed((replica) => {
        replica.linkOpened(1 as LinkId, { address: undefined });
        crash();
      });
    runtime.run((replica) => replica.start());
    expect(heard).toEqual(["event started", "failed InvariantError: two and two are five"]);
  });
});

test("after its end it takes no input, and timers are gone", async () => {
  runtime.run((replica) => replica.start());
  runtime.end(new MeshError("closed", "the mesh is closed"));
  heard.length = 0;
  runtime.feed((replica) => replica.linkOpened(1 as LinkId, { address: undefined }));
  expect(() => runtime.run(() => 1)).toThrow(/the mesh is closed/);
  expect(heard).toEqual([]);
});

/**
 * What happens in a run, as data: for whoever records a run and shows it again.
 *
 * Not here: what is worth a line for people (trace.ts), and writing it anywhere.
 */
import type { EventBody, Millis } from "@session-mesh/core";

/** Something that happened to a node, to the network, or to the whole. */
export type Happening =
  | { readonly type: "phase"; readonly phase: "faults" | "heal" | "quiet" | "end" }
  /** A process begins on a machine; `as` is the node's id. */
  | { readonly type: "node-started"; readonly node: string; readonly as: string }
  | { readonly type: "node-crashed"; readonly node: string; readonly silent: boolean }
  | { readonly type: "node-draining"; readonly node: string }
  | { readonly type: "node-ended"; readonly node: string }
  | { readonly type: "node-paused"; readonly node: string }
  | { readonly type: "node-resumed"; readonly node: string }
  | { readonly type: "path-cut"; readonly from: string; readonly to: string }
  /** All paths where none is named. */
  | { readonly type: "path-mended"; readonly from?: string; readonly to?: string }
  | { readonly type: "links-reset"; readonly a: string; readonly b: string }
  | {
      readonly type: "frame-sent";
      readonly from: string;
      readonly to: string;
      readonly code: number;
      readonly bytes: number;
    }
  /** What a replica told, in the vocabulary of all nodes. */
  | { readonly type: "event"; readonly node: string; readonly event: EventBody }
  /** A line of the trace, for people: faults among them. `node` is `-` for the whole. */
  | { readonly type: "note"; readonly node: string; readonly text: string }
  | { readonly type: "violation"; readonly checker: string; readonly detail: string };

/** Hears of everything that happens, when it happens in true time. */
export type Recorder = (happened: { readonly atMs: Millis } & Happening) => void;

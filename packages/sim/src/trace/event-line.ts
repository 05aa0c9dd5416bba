/**
 * What a replica told, in one line for readers of a trace.
 */
import type { EventBody } from "@session-mesh/core";

/** A line about an event. */
export function eventLine(event: EventBody): string {
  const { type, ...fields } = event;
  const said = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [type, ...said].join(" ");
}

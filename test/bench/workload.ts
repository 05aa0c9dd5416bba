/**
 * What the benchmarks store, and how they keep a number of operations in flight.
 */

/** About 290 bytes of JSON, as a shop's session has. */
export function sampleSession(): Record<string, unknown> {
  return {
    user: { id: 12_345, name: "Ada Lovelace", roles: ["admin", "editor"] },
    cart: {
      items: [
        { sku: "A-1", qty: 2 },
        { sku: "B-2", qty: 1 },
      ],
      total: 59.9,
    },
    csrf: "d2f1c0ffee00aa55",
    theme: "dark",
    views: 17,
    returnTo: "/account/orders/2026",
    flash: [],
    lastSeen: "2026-11-22T10:00:00Z",
  };
}

/** Runs `operation` for `durationMs` with `inFlight` at once; how many were done in a second. */
export async function rate(
  inFlight: number,
  durationMs: number,
  operation: (index: number) => Promise<unknown>,
): Promise<number> {
  let index = 0;
  const startedAtMs = performance.now();
  const endAtMs = startedAtMs + durationMs;
  const lane = async (): Promise<void> => {
    while (performance.now() < endAtMs) {
      index += 1;
      await operation(index);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return (index * 1000) / (performance.now() - startedAtMs);
}

/** Measures two things in turn, several times, so that the machine's moods hit both. */
export async function interleave(
  rounds: number,
  ours: () => Promise<number>,
  peer: () => Promise<number>,
): Promise<{ ours: number[]; peer: number[] }> {
  const values: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
  for (let round = 0; round < rounds; round++) {
    values.ours.push(await ours());
    values.peer.push(await peer());
  }
  return values;
}

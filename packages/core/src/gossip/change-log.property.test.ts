/** The change log keeps the newest changes within its bounds, whatever is appended. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../config.js";
import type { SessionId } from "../ids.js";
import type { StateItem } from "../session-state.js";
import { ChangeLog, itemBytes } from "./change-log.js";

function item(session: string, bytes: number): StateItem {
  const envelope = {} as StateItem["envelope"];
  const update = new Uint8Array(bytes);
  const hlcMax = 0 as StateItem["hlcMax"];
  return { kind: "state", session: session as SessionId, envelope, hlcMax, update };
}

test("bounds hold, floors only rise, and above them nothing is missing", () => {
  const bounds = fc.record({
    changeLogEntriesMax: fc.integer({ min: 1, max: 12 }),
    changeLogBytesMax: fc.integer({ min: 1, max: 2_000 }),
  });
  fc.assert(
    fc.property(bounds, fc.array(fc.nat({ max: 500 }), { maxLength: 60 }), (limits, sizes) => {
      const log = new ChangeLog({ ...DEFAULT_LIMITS, ...limits });
      const items = sizes.map((bytes, i) => item(`s${i + 1}`, bytes));
      items.forEach((each, i) => {
        const floors = [log.floorSeq, log.deltaFloorSeq];
        expect(log.append(each)).toBe(i + 1);
        expect(log.headSeq).toBe(i + 1);
        expect(log.floorSeq).toBeGreaterThanOrEqual(floors[0] ?? 0);
        expect(log.deltaFloorSeq).toBeGreaterThanOrEqual(Math.max(floors[1] ?? 0, log.floorSeq));
        expect(log.headSeq - log.floorSeq).toBeLessThanOrEqual(limits.changeLogEntriesMax);
        expect(log.fill.entries).toBeLessThanOrEqual(1);
        expect(log.fill.bytes).toBeLessThanOrEqual(1);
        let bytes = 0;
        for (let seq = 1; seq <= log.headSeq; seq++) {
          const isKept = seq > log.deltaFloorSeq;
          expect(log.itemAt(seq)).toBe(isKept ? items[seq - 1] : undefined);
          expect(log.sessionAt(seq)).toBe(seq > log.floorSeq ? `s${seq}` : undefined);
          if (isKept) bytes += itemBytes(items[seq - 1] as StateItem);
        }
        expect(log.fill.bytes).toBeCloseTo(bytes / limits.changeLogBytesMax);
        let bytesAfter = 0;
        for (let seq = log.headSeq; seq >= 0; seq--) {
          const isKept = seq >= log.deltaFloorSeq;
          expect(log.bytesAfter(seq)).toBe(isKept ? bytesAfter : Number.POSITIVE_INFINITY);
          bytesAfter += seq > 0 ? itemBytes(items[seq - 1] as StateItem) : 0;
        }
      });
    }),
  );
});

/**
 * Updates made of entries without Yjs: the same bytes that Yjs sends, and the same document.
 */
import * as Y from "yjs";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { WriterId } from "../ids.js";
import { type Appended, encodeAppended } from "./entry-update.js";
import { parseUpdate, rootName } from "./update.js";

const payload = fc.oneof(
  fc.constant(undefined),
  fc.constant(null),
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeInteger(),
  fc.string({ unit: "grapheme" }),
  fc.uint8Array({ maxLength: 40 }),
  fc.array(fc.oneof(fc.integer(), fc.string()), { maxLength: 4 }),
);
const entry = fc
  .tuple(fc.string(), fc.maxSafeNat(), payload)
  .map(([key, hlc, value]) => (value === undefined ? [key, hlc] : [key, hlc, value]));
const commits = fc.array(fc.array(entry, { minLength: 1, maxLength: 5 }), {
  minLength: 1,
  maxLength: 6,
});
const writer = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }) as fc.Arbitrary<WriterId>;

/** What Yjs sends of each commit. */
function sentByYjs(author: WriterId, entries: readonly unknown[][]): Uint8Array[] {
  const doc = new Y.Doc({ guid: "s" });
  const sent: Uint8Array[] = [];
  doc.clientID = author;
  doc.on("update", (update: Uint8Array) => sent.push(update));
  for (const commit of entries) doc.getArray(rootName(author)).push(commit);
  return sent;
}

function appendedBy(author: WriterId, entries: readonly unknown[][]): Appended[] {
  let clock = 0;
  return entries.map((commit) => {
    const appended = { writer: author, clock, entries: commit };
    clock += commit.length;
    return appended;
  });
}

test("a commit is encoded to the bytes that Yjs sends of it", () => {
  fc.assert(
    fc.property(writer, commits, (author, entries) => {
      const ours = appendedBy(author, entries).map((each) => encodeAppended([each]));
      expect(ours).toEqual(sentByYjs(author, entries));
    }),
  );
});

test("commits of several writers in one update, some twice, make the same document", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(writer, commits), { selector: ([w]) => w }), (all) => {
      const apart = new Y.Doc({ guid: "s" });
      for (const [author, entries] of all) {
        for (const update of sentByYjs(author, entries)) Y.applyUpdate(apart, update);
      }
      const runs = all.flatMap(([author, entries]) => appendedBy(author, entries));
      const repeated = runs.flatMap((run) => [run, run]);
      const together = new Y.Doc({ guid: "s" });
      Y.applyUpdate(together, encodeAppended(repeated));
      expect(Y.encodeStateVector(together)).toEqual(Y.encodeStateVector(apart));
      for (const [author] of all) {
        const name = rootName(author);
        expect(together.getArray(name).toArray()).toEqual(apart.getArray(name).toArray());
      }
    }),
  );
});

test("what is encoded can be read as an update of a session", () => {
  const author = 42 as WriterId;
  const update = encodeAppended([{ writer: author, clock: 3, entries: [["/a", 1, "x"]] }]);
  const parsed = parseUpdate(update, 1);
  expect(parsed?.runs).toEqual([
    { writer: author, clock: 3, length: 1, entries: [["/a", 1, "x"]] },
  ]);
});

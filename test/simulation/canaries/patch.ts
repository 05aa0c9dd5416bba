/**
 * A canary: a deliberate defect, as a change of one source file that is made while the file is
 * loaded, so that the code that production runs has no seam for it.
 *
 * Plain data and a pure function, for whatever loads the files: esbuild here, Vite in a browser.
 *
 * Not here: the canaries (list.ts), and loading (bundle.ts).
 */

import type { Override, SwarmOptions } from "@session-mesh/sim";

/** A change of one file. */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  /** Text that occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** A defect. */
export interface Canary {
  readonly name: string;
  /** What is broken, in words. */
  readonly says: string;
  /** The checkers that may catch it: another one that fails first is no proof. */
  readonly checkers: readonly string[];
  /** Within how many seeds, from 1 on, it must be caught. */
  readonly seedsMax: number;
  readonly edits: readonly Edit[];
  /** What seeds draw in place of their own, where what is broken is seldom used. */
  readonly override?: Override<SwarmOptions>;
}

/** The defective source of a file; throws where a text to replace is not there exactly once. */
export function patched(source: string, file: string, { name, edits }: Canary): string {
  let text = source;
  for (const edit of edits) {
    if (edit.file !== file) continue;
    const count = text.split(edit.find).length - 1;
    if (count !== 1) {
      throw new Error(
        `canary ${name}: its text occurs ${count} times in ${file}, not once; ` +
          `bring test/simulation/canaries up to date with the code:\n${edit.find}`,
      );
    }
    text = text.replace(edit.find, () => edit.replace);
  }
  return text;
}

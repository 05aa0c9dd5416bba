/**
 * Notices two live processes under one name: a process is replaced by another one of its name, as
 * after a restart, and then says hello again, which a process that ended cannot.
 *
 * Only hellos count, not hearsay, which may be older than what it is about.
 * Not here: what becomes of their links (membership.ts).
 */
import type { NodeId, WriterId } from "../ids.js";

/** How many earlier processes of a name are remembered. */
const FORMER_MAX = 8;

interface Greeted {
  writer: WriterId;
  former: readonly WriterId[];
}

/** See the file's comment. */
export class Namesakes {
  readonly #greeted = new Map<NodeId, Greeted>();

  /** Process `writer` said hello as `node`; whether it is one that had been replaced. */
  greeted(node: NodeId, writer: WriterId): boolean {
    const known = this.#greeted.get(node);
    if (!known) this.#greeted.set(node, { writer, former: [] });
    if (!known || known.writer === writer) return false;
    const isBack = known.former.includes(writer);
    known.former = [known.writer, ...known.former].slice(0, FORMER_MAX);
    known.writer = writer;
    return isBack;
  }

  forget(node: NodeId): void {
    this.#greeted.delete(node);
  }
}

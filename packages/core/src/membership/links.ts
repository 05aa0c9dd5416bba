/**
 * The open links: who is at the other end once it has said hello, and how long it has been silent.
 *
 *   A ──hello──▶ B     both say hello at once, whoever dialled
 *   A ◀──hello── B     of two links between the same two, the one dialled by the lower node id
 *                      stays; of two dialled by the same end, the newer
 *
 * Not here: what a hello must contain (membership.ts), and the proof of the secret (the shell).
 */
import type { LinkId, Millis, NodeId } from "../ids.js";
import type { SilenceMeter } from "./silence.js";

/** An open link. */
export interface Link {
  readonly id: LinkId;
  /** The address that this node dialled; undefined for a link that it accepted. */
  readonly dialled: string | undefined;
  readonly silence: SilenceMeter;
  /** Who is there; undefined until hello. */
  peer: NodeId | undefined;
  /** Where its hello says that it can be dialled; undefined until then. */
  address: string | undefined;
  /** Since when it has been silent for too long, on the monotonic clock. */
  silentSinceMs: Millis | undefined;
  /** One end will have nothing to do with the other. */
  isRefused: boolean;
}

/** The table of open links. */
export class Links {
  readonly #byId = new Map<LinkId, Link>();

  add(link: Link): void {
    this.#byId.set(link.id, link);
  }

  get(id: LinkId): Link | undefined {
    return this.#byId.get(id);
  }

  remove(id: LinkId): Link | undefined {
    const link = this.#byId.get(id);
    this.#byId.delete(id);
    return link;
  }

  all(): Iterable<Link> {
    return this.#byId.values();
  }
}

/** Which of two links between `self` and `peer` stays. */
export function preferredLink(
  links: { older: Link; newer: Link },
  self: NodeId,
  peer: NodeId,
): Link {
  const { older, newer } = links;
  const isOlderOurs = older.dialled !== undefined;
  const isNewerOurs = newer.dialled !== undefined;
  if (isOlderOurs === isNewerOurs) return newer;
  const isOursPreferred = self < peer;
  return isOlderOurs === isOursPreferred ? older : newer;
}

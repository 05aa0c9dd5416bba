/**
 * What was acknowledged to one user in one session, and what pages may therefore show.
 *
 * An item is one thing put into the session, with a name that no other write has. A write whose
 * answer never came may stand or not; a write that was acknowledged must stand.
 *
 * Not here: asking (user.ts, read-back.ts).
 */
import type { Shown } from "./shown.js";

/** What was acknowledged when a read was sent: it must show at least this. */
export interface Mark {
  readonly itemCount: number;
  readonly views: number;
}

/** A session that must never be read again (P3). */
export interface Ended {
  readonly user: string;
  readonly cookie: string;
  isResurrected: boolean;
}

/** How a page differs from what it must show. */
export interface Difference {
  readonly isSessionMissing: boolean;
  readonly missingItems: readonly string[];
  readonly missingViews: number;
}

/** Nothing that must show is missing. */
export function isWhole(difference: Difference): boolean {
  const { isSessionMissing, missingItems, missingViews } = difference;
  return !isSessionMissing && missingItems.length === 0 && missingViews === 0;
}

/** One session's ledger. `ended`: a logout was acknowledged; `unclear`: one was interrupted. */
export class Ledger implements Ended {
  readonly user: string;
  /** The Cookie header that the login gave. */
  readonly cookie: string;
  state: "open" | "unclear" | "ended" | "lost" = "open";
  isResurrected = false;
  /** Its user was on the other side of a partition. */
  hasCrossed = false;
  readonly #attempted = new Set<string>();
  readonly #acknowledged: string[] = [];
  readonly #lost = new Set<string>();
  #viewsLeast = 0;
  #viewsMost = 0;
  #viewsLost = 0;

  constructor(user: string, cookie: string) {
    this.user = user;
    this.cookie = cookie;
  }

  /** Acknowledged writes found lost. */
  get writesLost(): number {
    return this.#lost.size + this.#viewsLost;
  }

  attemptItem(item: string): void {
    this.#attempted.add(item);
  }

  acknowledgeItem(item: string): void {
    this.#acknowledged.push(item);
  }

  attemptView(): void {
    this.#viewsMost += 1;
  }

  /** `attempts` is more than one when the balancer sent the request to several processes. */
  answeredView(answer: { isAcknowledged: boolean; attempts: number }): void {
    if (answer.isAcknowledged) this.#viewsLeast += 1;
    this.#viewsMost += answer.attempts - 1;
  }

  mark(): Mark {
    return { itemCount: this.#acknowledged.length, views: this.#viewsLeast };
  }

  /** What `shown` lacks of what had been acknowledged at `mark`, known losses left out. */
  compare(shown: Shown, mark: Mark): Difference {
    const has = new Set([...shown.cart, ...Object.keys(shown.likes)]);
    const due = this.#acknowledged.slice(0, mark.itemCount);
    return {
      isSessionMissing: shown.user !== this.user,
      missingItems: due.filter((item) => !has.has(item) && !this.#lost.has(item)),
      missingViews: Math.max(0, mark.views - this.#viewsLost - shown.views),
    };
  }

  /** Takes a difference that time does not mend as a loss. */
  lose(difference: Difference): void {
    if (difference.isSessionMissing) this.state = "lost";
    for (const item of difference.missingItems) this.#lost.add(item);
    this.#viewsLost += difference.missingViews;
  }

  /** Takes losses back, to look once more whether they are; says whether there were any. */
  reconsider(): boolean {
    const hadLosses = this.writesLost > 0 || this.state === "lost";
    if (this.state === "lost") this.state = "open";
    this.#lost.clear();
    this.#viewsLost = 0;
    return hadLosses;
  }

  /** What a page shows that it must not: items shown twice, items never put there, views too many. */
  faults(shown: Shown): string[] {
    const twice = shown.cart.filter((item, index) => shown.cart.indexOf(item) !== index);
    const items = [...shown.cart, ...Object.keys(shown.likes)];
    const foreign = items.filter((item) => !this.#attempted.has(item));
    const surplus = shown.views - this.#viewsMost;
    return [
      ...twice.map((item) => `${item} is in the cart twice`),
      ...foreign.map((item) => `${item} was never put there`),
      ...(surplus > 0 ? [`${surplus} views more than there were`] : []),
    ];
  }
}

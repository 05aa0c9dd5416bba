/**
 * What the users of one run did, for reports and vacuity checks.
 */

/** Counts of what happened. */
export interface WorkloadCounts {
  requests: number;
  commits: number;
  misses: number;
  logins: number;
  /** Users that took part in another's session instead. */
  companions: number;
  logouts: number;
  regenerations: number;
  touches: number;
  views: number;
  gone: number;
  /** Commits that a limit of the node refused, and changes that grew too large. */
  full: number;
  refused: number;
  idleChanges: number;
  /** Two drafts of one session that were committed at once. */
  drafts: number;
  bursts: number;
  unknownWrites: number;
  boundaries: number;
  revokes: number;
  /** Responses that waited for all peers, since their user had too many tokens. */
  tokensWaited: number;
}

/** Nothing happened yet. */
export function noCounts(): WorkloadCounts {
  return {
    ...{ requests: 0, commits: 0, misses: 0, logins: 0, companions: 0, logouts: 0 },
    ...{
      regenerations: 0,
      touches: 0,
      views: 0,
      gone: 0,
      full: 0,
      refused: 0,
      idleChanges: 0,
      drafts: 0,
    },
    ...{ bursts: 0, unknownWrites: 0, boundaries: 0, revokes: 0, tokensWaited: 0 },
  };
}

/**
 * What an app server tells the supervisor that started it, over the channel between them.
 *
 * The other way nothing is said: signals stop a process, and the channel's end too.
 */

/** A message from an app server. */
export type FromApp =
  | {
      readonly type: "listening";
      readonly port: number;
      /** Where peers find it. */
      readonly meshAddress: string;
      /** Where its mesh listens, behind its gate. */
      readonly meshPort: number;
    }
  /** It opens a connection to a peer, from this local port. */
  | { readonly type: "dialled"; readonly port: number }
  | { readonly type: "failed"; readonly problem: string }
  | {
      readonly type: "status";
      /** Members that this process is linked to, itself included. */
      readonly members: number;
      readonly sessions: number;
      /** Responses so far that went out with fewer acknowledgements than asked for. */
      readonly degraded: number;
      readonly isReady: boolean;
    };

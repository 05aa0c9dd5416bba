/**
 * A session that could not be written as asked: the error, and the plain answer that a client gets.
 *
 * Not here: when it is answered (session-exchange.ts).
 */
import { STATUS_CODES } from "node:http";
import { UnsupportedValueError } from "@session-mesh/core";
import type { SubstituteAnswer } from "./hold-response.js";
import type { SessionFailure } from "./session-settings.js";

/** Thrown by `save()`, and told to `onFailure`. Its text names the remedy. */
export class SessionWriteError extends Error {
  override readonly name = "SessionWriteError";
  readonly code: "degraded" | "full";

  private constructor(code: "degraded" | "full", message: string) {
    super(`[session-mesh] ${message}`);
    this.code = code;
  }

  /** The mesh is at a limit (P14). Nothing was written. */
  static full(limit: string): SessionWriteError {
    return new SessionWriteError(
      "full",
      `the session was not written, because this node is at its limit ${limit}; raise ` +
        `limits.${limit}, or shorten the sessions' idle or absolute lifetimes`,
    );
  }

  /** Fewer acknowledged than asked for. The write may stand. */
  static degraded(acks: number): SessionWriteError {
    return new SessionWriteError(
      "degraded",
      `the write has ${acks} acknowledgement(s), fewer than asked for; it may stand all the same. ` +
        'Look at the peers in mesh.status(); with onDegraded: "serve" it is served',
    );
  }
}

/** What `thrown` means for the response. */
export function failureOf(thrown: unknown, isTooLate: boolean): SessionFailure {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  let code: SessionFailure["code"] = "unexpected";
  if (error instanceof SessionWriteError) code = error.code;
  else if (error instanceof UnsupportedValueError) code = "unsupported-value";
  return { code, status: code === "degraded" ? 503 : 500, error, isTooLate };
}

/** Says no more than the status, since an error may name attributes of the session. */
export function plainAnswer(status: 500 | 503): SubstituteAnswer {
  return {
    status,
    headers: { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" },
    body: `${STATUS_CODES[status]}\n`,
  };
}

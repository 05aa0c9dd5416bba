/**
 * Requests to one process directly, past the balancer; not counted as a user's.
 *
 * Not here: what is made of the answers (prober.ts, read-back.ts).
 */
import { send } from "./http-client.js";
import type { Shown } from "./shown.js";

/** So long that only a request that hangs exceeds it, on however busy a machine. */
const TIMEOUT_MS = 60_000;

/** What the process at `origin` shows of the session, which this does not change. Rejects on failure. */
export async function peek(origin: string, cookie: string): Promise<Shown> {
  const url = `${origin}/peek`;
  const { status, text } = await send(url, { method: "GET", cookie, timeoutMs: TIMEOUT_MS });
  if (status !== 200) throw new Error(`${url} answered ${status}`);
  return JSON.parse(text) as Shown;
}

/** Posts a form to one process; the status and the cookies that it set. */
export async function post(
  url: string,
  cookie: string,
  form: Readonly<Record<string, string>>,
): Promise<{ status: number; cookies: readonly string[] }> {
  const sent = { method: "POST", cookie, form, timeoutMs: TIMEOUT_MS } as const;
  const { status, headers } = await send(url, sent);
  const cookies = (headers["set-cookie"] ?? []).map((header) => header.split(";", 1)[0] ?? "");
  return { status, cookies };
}

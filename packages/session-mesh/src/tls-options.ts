/**
 * TLS between nodes: what a node shows to whoever dials it, and what it asks of those that it dials.
 * Frames are sealed beneath it as ever: TLS adds what an organisation's certificates can say.
 *
 * Not here: reading files (give their contents), and TLS of the app's own server.
 */
import type { Server } from "node:http";
import {
  type ConnectionOptions,
  createSecureContext,
  type SecureContextOptions,
  type TlsOptions,
} from "node:tls";

/**
 * The mesh port's side, as for node's tls.createServer: `key` and `cert` at least. With `ca` and
 * `requestCert: true` only nodes with a certificate of that authority get as far as the proof.
 */
export type ListenTls = SecureContextOptions &
  Pick<TlsOptions, "requestCert" | "rejectUnauthorized" | "SNICallback">;

/**
 * The dialling side, as for node's tls.connect: `ca` where the authority is one's own, `key` and
 * `cert` where the other end asks for a certificate, `servername` where all certificates are for one
 * name and nodes are dialled by address.
 */
export type DialTls = SecureContextOptions &
  Pick<ConnectionOptions, "servername" | "rejectUnauthorized">;

const LISTEN_ONLY = ["requestCert", "SNICallback"];

/** Whether this server of the app speaks TLS. */
export function isTlsServer(server: Server): boolean {
  return "setSecureContext" in server;
}

/** What is wrong with `value` as `listen.tls`; undefined when nothing is. */
export function listenTlsProblem(value: unknown): string | undefined {
  const problem = contextProblem(value);
  if (problem !== undefined) return problem;
  const { key, cert, pfx, SNICallback, ca, requestCert } = value as ListenTls;
  const isIdentity = (key && cert) || pfx || SNICallback;
  if (!isIdentity) return "needs `key` and `cert`, the contents of their PEM files";
  if (requestCert === true && !ca) {
    return "needs `ca` beside `requestCert`: the authority whose certificates nodes must have";
  }
  return undefined;
}

/** What is wrong with `value` as `tls`; undefined when nothing is. */
export function dialTlsProblem(value: unknown): string | undefined {
  const problem = contextProblem(value);
  if (problem !== undefined) return problem;
  const misplaced = Object.keys(value as object).find((name) => LISTEN_ONLY.includes(name));
  return misplaced === undefined ? undefined : `has ${misplaced}, which belongs to \`listen.tls\``;
}

/** How to dial where nothing else is said: with what the node shows of itself, trusting the same. */
export function dialTlsFrom(tls: ListenTls | undefined): DialTls | undefined {
  if (!tls) return undefined;
  const { requestCert: _request, SNICallback: _choose, rejectUnauthorized: _lax, ...context } = tls;
  return context;
}

function contextProblem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "must be an object, as { key, cert, ca }";
  const remedy = "give the contents of PEM files, not their paths";
  const { ca } = value as SecureContextOptions;
  // A path would be taken for an empty list, and nobody's certificate trusted.
  const isPem =
    ca === undefined || [ca].flat().every((each) => String(each).includes("-----BEGIN"));
  if (!isPem) return `cannot be used (no certificate in \`ca\`); ${remedy}`;
  try {
    createSecureContext(value as SecureContextOptions);
    return undefined;
  } catch (error) {
    return `cannot be used (${(error as Error).message}); ${remedy}`;
  }
}

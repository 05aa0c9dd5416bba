/**
 * `session-mesh/express`: a middleware that gives `req.session` to Express 4 and 5, to Connect, and to
 * bare node:http, with the API of express-session, on sessions that the mesh shares.
 *
 *   app.use(meshSession(mesh, { secret: process.env.SESSION_SECRET }));
 *
 * It does not augment Express' types, so that it stands beside `@types/express-session`; to have
 * `req.session` typed, `import "session-mesh/express/types"`.
 *
 * Not here: the session itself (session-exchange.ts), and holding responses (hold-response.ts).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Mesh } from "../mesh.js";
import { requireMesh } from "../required.js";
import { holdResponse } from "./hold-response.js";
import type { Session } from "./request-session.js";
import { SessionExchange } from "./session-exchange.js";
import { SignedIds } from "./signed-id.js";
import { TokenSlots } from "./token-slots.js";
import { type SessionOptions, type SessionSettings, sessionSettings } from "./session-settings.js";

export type { SubstituteAnswer } from "./hold-response.js";
export type { Callback, Session } from "./request-session.js";
export type { CookieAttributes, SessionCookie } from "./session-cookie.js";
export { SessionWriteError } from "./session-failure.js";
export type { SessionFailure } from "./session-settings.js";

/**
 * The attributes of your sessions. Add yours by
 * `declare module "session-mesh/express" { interface SessionData { views: number } }`.
 */
export interface SessionData {}

/** `req.session`. */
export type RequestSession = Session & Partial<SessionData>;

/** The options of {@link meshSession}. `secret` is required. */
export type MeshSessionOptions = SessionOptions;

/** What Express calls a request handler. */
export type SessionMiddleware = (
  req: IncomingMessage,
  res: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** What Express adds to a request, as far as it is of interest here. */
interface MaybeExpressRequest extends IncomingMessage {
  session?: unknown;
  sessionID?: string;
  originalUrl?: string;
  secure?: boolean;
}

/**
 * Gives every request its session as `req.session`, and holds each response that changed it until
 * the change is acknowledged (P1). Throws a MeshError when an option is wrong.
 *
 * The cookie's path limits it to requests beneath; a request that already has a session is left alone.
 * On a WebSocket's upgrade, `{}` may stand for the response: the session can be read and saved.
 */
export function meshSession(mesh: Mesh, options: MeshSessionOptions): SessionMiddleware {
  requireMesh(mesh, "meshSession");
  const settings = sessionSettings(options);
  const cookieWithheld = warnOnce();
  const ids = new SignedIds(settings.secrets);
  const slots = new TokenSlots(settings.name);
  return (incoming, res, next) => {
    const req: MaybeExpressRequest = incoming;
    if (req.session !== undefined || !isBeneath(req, settings.cookie.path)) return next();
    const exchange = new SessionExchange(mesh, settings, {
      req,
      isSecure: () => isSecure(req, settings),
      publish: (session) => publish(req, session),
      shown: () => req.session,
      cookieWithheld,
      markStale: () => markStale(res),
      ids,
      slots,
    });
    const proceed = (): void => {
      holdResponse(res, exchange);
      next();
    };
    let loading: undefined | Promise<void>;
    try {
      loading = exchange.load();
    } catch (error) {
      // The mesh is closed or has failed.
      return next(error);
    }
    if (loading === undefined) return proceed();
    loading.then(proceed, next);
  };
}

/** On an upgrade `{}` may stand for the response. */
function markStale(res: Partial<Pick<ServerResponse, "setHeader">>): void {
  res.setHeader?.("Session-Mesh-Stale", "1");
}

/** The session of a request that passed {@link meshSession}, for code without Express' types. */
export function sessionOf(req: IncomingMessage): RequestSession {
  const { session } = req as MaybeExpressRequest;
  if (session !== undefined && session !== null) return session as RequestSession;
  throw new TypeError(
    "[session-mesh] this request has no session: meshSession(mesh, …) must come before, and the " +
      "session must not have been destroyed",
  );
}

function publish(req: MaybeExpressRequest, session: Session | undefined): void {
  if (session === undefined) {
    delete req.session;
    delete req.sessionID;
  } else {
    req.session = session;
    req.sessionID = session.id;
  }
}

function isBeneath(req: MaybeExpressRequest, path: string): boolean {
  if (path === "/") return true;
  const [pathname = ""] = (req.originalUrl ?? req.url ?? "").split("?", 1);
  return pathname.startsWith(path);
}

function isSecure(req: MaybeExpressRequest, settings: SessionSettings): boolean {
  if ((req.socket as Partial<TLSSocket>).encrypted === true) return true;
  if (!settings.proxy) return req.secure === true;
  const forwarded = req.headers["x-forwarded-proto"];
  const [first = ""] = (Array.isArray(forwarded) ? forwarded.join() : (forwarded ?? "")).split(",");
  return first.trim().toLowerCase() === "https";
}

function warnOnce(): () => void {
  let hasWarned = false;
  return () => {
    if (hasWarned) return;
    hasWarned = true;
    process.emitWarning(
      "the session cookie is marked secure and was withheld, since the connection is not. Behind " +
        'a proxy that ends TLS, call app.set("trust proxy", 1) (without Express: proxy: true), and ' +
        'let the proxy send X-Forwarded-Proto; without TLS, set cookie.secure to "auto"',
      { type: "SessionMeshWarning", code: "SESSION_MESH_SECURE_COOKIE" },
    );
  };
}

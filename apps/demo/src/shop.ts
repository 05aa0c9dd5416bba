/**
 * The shop: an Express app as its users would write it, with a session from the mesh.
 *
 * Not here: the mesh and the server (app-server.ts), and what a browser shows (page.ts).
 */
import express, { type Express, type Request, type Response } from "express";
import { setTimeout as sleep } from "node:timers/promises";
import { liveness, type Mesh, readiness } from "session-mesh";
import { meshSession } from "session-mesh/express";
import "session-mesh/express/types";
import { page } from "./page.js";
import type { Shown } from "./users/shown.js";

declare module "session-mesh/express" {
  interface SessionData {
    user: string;
    /** Two tabs may push at the same time (M5). */
    cart: string[];
    /** Two tabs may set two keys at the same time (M1). */
    likes: Record<string, true>;
    note: string;
    views: number;
  }
}

/** The name of the cookie that carries the session's id. */
export const SESSION_COOKIE = "shop.sid";

/** How long a slow request may be asked to take. */
const SLOW_MS_MAX = 5_000;

/** The shop's routes. */
export function createShop(mesh: Mesh, cookieSecret: string): Express {
  const app = express();
  app.disable("x-powered-by");
  app.get("/healthz", liveness(mesh));
  app.get("/readyz", readiness(mesh));
  app.use(express.urlencoded({ extended: false, limit: "16kb" }));
  app.use(meshSession(mesh, { secret: cookieSecret, name: SESSION_COOKIE }));

  app.get("/", (_req, res) => res.redirect(303, "/account"));
  app.get("/account", (req, res) => {
    req.session.counter("views").increment();
    show(mesh, req, res);
  });
  app.get("/peek", (req, res) => show(mesh, req, res));

  app.post("/login", async (req, res) => {
    await req.session.regenerate();
    req.session.user = field(req, "user");
    res.redirect(303, "/account");
  });
  app.post("/logout", async (req, res) => {
    await req.session.destroy();
    done(req, res);
  });
  app.post("/cart", async (req, res) => {
    // The session was read before; whatever happens to it meanwhile is merged with what is put here.
    await sleep(Math.min(Number(field(req, "slowMs")) || 0, SLOW_MS_MAX));
    if (!req.session.user) return refuse(res);
    (req.session.cart ??= []).push(field(req, "item"));
    done(req, res);
  });
  app.post("/likes", (req, res) => {
    if (!req.session.user) return refuse(res);
    (req.session.likes ??= {})[field(req, "item")] = true;
    done(req, res);
  });
  app.post("/note", (req, res) => {
    if (!req.session.user) return refuse(res);
    req.session.note = field(req, "note");
    done(req, res);
  });
  return app;
}

function show(mesh: Mesh, req: Request, res: Response): void {
  const { user, cart = [], likes = {}, note, views = 0 } = req.session;
  const shown: Shown = {
    node: mesh.node,
    user: user ?? null,
    cart,
    likes,
    note: note ?? null,
    views,
  };
  if (req.accepts("html") === "html") res.type("html").send(page(shown));
  else res.json(shown);
}

function done(req: Request, res: Response): void {
  if (req.accepts("html") === "html") res.redirect(303, "/account");
  else res.status(204).end();
}

function refuse(res: Response): void {
  res.status(401).json({ error: "log in first" });
}

function field(req: Request, name: string): string {
  const body = (req.body ?? {}) as Record<string, unknown>;
  const value = Object.hasOwn(body, name) ? body[name] : undefined;
  return typeof value === "string" ? value : "";
}

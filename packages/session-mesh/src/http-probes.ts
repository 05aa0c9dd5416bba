/**
 * The two questions of load balancers and orchestrators, as request handlers.
 *
 * Ready: may have traffic. Alive: must not be restarted; peers have no say in that, for a restart
 * does not bring them back.
 *
 * Not here: what readiness depends on (mesh.ts).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Mesh } from "./mesh.js";

/** Answers a request; fits http.createServer, Express, and whatever passes Node's own objects. */
export type ProbeHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** 200 when `mesh` may have traffic, else 503; the body says why: `{ node, ready, reasons }`. */
export function readiness(mesh: Mesh): ProbeHandler {
  return (_request, response) => {
    const { ready, reasons } = mesh.readiness();
    answer(response, ready, { node: mesh.node, ready, reasons });
  };
}

/** 200 until the mesh has met a bug of its own: then 503, and a restart is the remedy. */
export function liveness(mesh: Mesh): ProbeHandler {
  return (_request, response) => {
    const { isAlive: alive } = mesh;
    answer(response, alive, { node: mesh.node, alive });
  };
}

function answer(response: ServerResponse, isGood: boolean, body: object): void {
  response.writeHead(isGood ? 200 : 503, {
    "content-type": "application/json",
    "cache-control": "no-store",
  });
  response.end(JSON.stringify(body));
}

/**
 * What reads the admin endpoints in the tests: plain HTTP with any header, Prometheus text, and event
 * streams.
 *
 * Not here: expectations.
 */
import { once } from "node:events";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import type { Mesh } from "session-mesh";
import { type Admin, type AdminOptions, createAdmin } from "session-mesh/admin";
import { whenOver } from "../express/cluster.js";

export const TOKEN = "a token of more than sixteen characters".replaceAll(" ", "-");

/** The admin of a mesh on a port of its own, closed after the test. */
export async function startAdmin(
  mesh: Mesh,
  options: AdminOptions = {},
): Promise<{ admin: Admin; origin: string }> {
  const admin = createAdmin(mesh, options);
  whenOver(() => admin.close());
  return { admin, origin: await admin.listen({ port: 0 }) };
}

export interface Asked {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly socketPath?: string;
}

/** One request with exactly these headers, `Host` among them. */
export async function ask(url: string, asking: Asking = {}): Promise<Asked> {
  const answer = await begin(url, asking);
  let text = "";
  for await (const chunk of answer.setEncoding("utf8")) text += chunk;
  return { status: answer.statusCode ?? 0, headers: answer.headers, text };
}

/** Like `ask`, but only up to the answer's headers. */
export async function begin(url: string, asking: Asking = {}): Promise<IncomingMessage> {
  const sent = request(url, { agent: false, ...asking });
  sent.end();
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  return answer;
}

export async function askJson(url: string): Promise<Record<string, unknown>> {
  return JSON.parse((await ask(url)).text);
}

/** Every sample of a Prometheus text, by name with labels as they stand there. */
export async function samples(origin: string): Promise<ReadonlyMap<string, number>> {
  const { text } = await ask(`${origin}/metrics`);
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end).replace("session_mesh_", ""), Number(line.slice(end + 1))];
    }),
  );
}

export interface Frame {
  readonly id: number;
  readonly kind: string;
  readonly data: Record<string, unknown>;
}

/** Reads an event stream as it comes, into `frames`. */
export async function follow(
  origin: string,
): Promise<{ frames: Frame[]; answer: IncomingMessage; text: () => string }> {
  const answer = await begin(`${origin}/events`);
  whenOver(() => answer.destroy());
  const frames: Frame[] = [];
  let rest = "";
  let text = "";
  answer.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    const parts = (rest + chunk).split("\n\n");
    rest = parts.pop() ?? "";
    for (const part of parts) frames.push(...parse(part));
  });
  answer.on("error", () => {});
  return { frames, answer, text: () => text };
}

function parse(part: string): Frame[] {
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}: (.*)$`, "m").exec(part)?.[1];
  const data = field("data");
  if (data === undefined) return [];
  return [{ id: Number(field("id")), kind: field("event") ?? "message", data: JSON.parse(data) }];
}

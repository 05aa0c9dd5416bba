/** P12: who may read the admin endpoints: tokens, hosts, origins, and loopback. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMesh, type Mesh, MeshError } from "session-mesh";
import { type AdminOptions, createAdmin } from "session-mesh/admin";
import { describe, expect, test } from "vitest";
import { whenOver } from "../express/cluster.js";
import { ask, startAdmin, TOKEN } from "./reader.js";

async function alone(): Promise<Mesh> {
  const mesh = await createMesh();
  whenOver(() => mesh.close({ drain: false }));
  return mesh;
}

async function statusWith(
  headers: Readonly<Record<string, string>>,
  options: AdminOptions = {},
): Promise<number> {
  const { origin } = await startAdmin(await alone(), options);
  return (await ask(`${origin}/members`, { headers })).status;
}

/** An admin on a Unix socket, where no peer address shows that a reader is on this machine. */
async function onSocket(options: AdminOptions): Promise<string> {
  const admin = createAdmin(await alone(), options);
  const folder = await mkdtemp(join(tmpdir(), "admin-"));
  const socketPath = join(folder, "s");
  const server = createServer(admin.handler);
  server.listen(socketPath);
  await once(server, "listening");
  whenOver(async () => {
    server.close();
    await admin.close();
    await rm(folder, { recursive: true });
  });
  return socketPath;
}

describe("beyond loopback", () => {
  test.each(["0.0.0.0", "::", "10.0.0.5", "app.example.com"])(
    "without a token it does not listen on %s",
    async (host) => {
      const admin = createAdmin(await alone());
      whenOver(() => admin.close());
      const listening = admin.listen({ port: 0, host });
      await expect(listening).rejects.toThrow(MeshError);
      await expect(listening).rejects.toThrow(`does not listen on ${host} without a token`);
    },
  );

  test("with a token it does", async () => {
    const admin = createAdmin(await alone(), { token: TOKEN });
    whenOver(() => admin.close());
    const { port } = new URL(await admin.listen({ port: 0, host: "0.0.0.0" }));
    const url = `http://127.0.0.1:${port}/healthz`;
    expect(await ask(url)).toMatchObject({ status: 401 });
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect(await ask(url, { headers })).toMatchObject({ status: 200 });
  });

  test("a connection that never asks anything is closed", async () => {
    const { origin } = await startAdmin(await alone());
    const socket = connect(Number(new URL(origin).port), "127.0.0.1");
    socket.resume();
    await once(socket, "close");
  }, 12_000);

  test("a mounted handler does not answer readers of whom it cannot tell where they are", async () => {
    const url = "http://localhost/members";
    const closed = await ask(url, { socketPath: await onSocket({}) });
    expect(closed.status).toBe(403);
    expect(closed.text).toContain("`token`");
    const socketPath = await onSocket({ token: TOKEN });
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect(await ask(url, { socketPath, headers })).toMatchObject({ status: 200 });
  });

  test.each(["forwarded", "x-forwarded-for", "x-real-ip", "via"])(
    "a proxy that says so in %s does not make its readers local",
    async (header) => {
      expect(await statusWith({ [header]: "127.0.0.1" })).toBe(403);
      const authorization = `Bearer ${TOKEN}`;
      const withToken = { [header]: "203.0.113.9", authorization };
      expect(await statusWith(withToken, { token: TOKEN })).toBe(200);
    },
  );
});

describe("the token", () => {
  test.each([
    ["none", undefined],
    ["another", `Bearer ${TOKEN.slice(0, -1)}x`],
    ["a shorter", `Bearer ${TOKEN.slice(0, -1)}`],
    ["an empty", "Bearer "],
    ["another scheme's", `Basic ${TOKEN}`],
  ])("%s is refused, with the scheme to use", async (_name, authorization) => {
    const { origin } = await startAdmin(await alone(), { token: TOKEN });
    for (const path of ["/healthz", "/metrics", "/members", "/events", "/nothing"]) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      const answer = await ask(origin + path, { headers });
      expect(answer.status).toBe(401);
      expect(answer.headers["www-authenticate"]).toBe("Bearer");
      expect(answer.text).not.toContain(TOKEN);
    }
  });

  test("any of several is good, so that one can be replaced", async () => {
    const token = [TOKEN, `${TOKEN}-new`];
    for (const one of token) {
      expect(await statusWith({ authorization: `bearer ${one}` }, { token })).toBe(200);
    }
  });
});

describe("the Host", () => {
  test.each([
    "localhost",
    "LOCALHOST:8080",
    "app.localhost",
    "127.0.0.1:1",
    "[::1]:80",
    "10.0.0.5",
  ])("%s is this machine, or an address that no name can lie about", async (host) => {
    expect(await statusWith({ host })).toBe(200);
  });

  test.each([
    "evil.example",
    "evil.example:9464",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
  ])("%s is refused: a page may have been pointed here (DNS rebinding)", async (host) => {
    expect(await statusWith({ host })).toBe(403);
    expect(await statusWith({ host, authorization: `Bearer ${TOKEN}` }, { token: TOKEN })).toBe(
      403,
    );
  });

  test.each(["evil@localhost", "localhost/x", "[::1", "a b"])("%j is malformed", async (host) => {
    expect(await statusWith({ host })).toBe(400);
  });

  test("a name in `hosts` is allowed, in any case, and only that name", async () => {
    const options = { hosts: ["Ops.example.com"] };
    expect(await statusWith({ host: "ops.EXAMPLE.com:9464" }, options)).toBe(200);
    expect(await statusWith({ host: "x.ops.example.com" }, options)).toBe(403);
  });
});

describe("the Origin", () => {
  test("of another site, or one that hides itself, is refused", async () => {
    for (const origin of ["https://evil.example", "http://localhost:1", "null", "nonsense"]) {
      expect(await statusWith({ host: "localhost:9464", origin })).toBe(403);
    }
  });

  test("of the admin itself is allowed", async () => {
    expect(await statusWith({ host: "localhost:9464", origin: "http://localhost:9464" })).toBe(200);
  });

  test("in `origins` is allowed, and told that it may read", async () => {
    const options = { origins: ["https://ops.example.com"] };
    const { origin: url } = await startAdmin(await alone(), options);
    const allowed = await ask(`${url}/members`, { headers: { origin: "https://ops.example.com" } });
    expect(allowed.status).toBe(200);
    expect(allowed.headers["access-control-allow-origin"]).toBe("https://ops.example.com");
    const plain = await ask(`${url}/members`);
    expect(plain.headers["access-control-allow-origin"]).toBeUndefined();
  });
});

describe("options", () => {
  test.each<[string, object, string]>([
    ["a short token", { token: "short" }, "16 characters"],
    ["an empty list of tokens", { token: [] }, "16 characters"],
    ["a token with a space", { token: "sixteen characters and more" }, "without spaces"],
    ["a variable that is not set", { token: undefined }, "is the variable set?"],
    ["a host with a port", { hosts: ["a:1"] }, "`hosts`"],
    ["an origin with a path", { origins: ["https://a.example/x"] }, "`origins`"],
    ["no room for a stream", { streamBytesMax: 1 }, "`streamBytesMax`"],
    ["an option that there is not", { tokens: TOKEN }, "token, hosts, origins, streamBytesMax"],
  ])("%s is refused with the remedy", async (_name, options, said) => {
    const mesh = await alone();
    expect(() => createAdmin(mesh, options)).toThrow(MeshError);
    expect(() => createAdmin(mesh, options)).toThrow(said);
  });
});

/**
 * Responses held on bare node:http: what a client gets, when, and what a handler sees meanwhile.
 *
 * Not here: sessions; the gate is a promise that the test settles.
 */
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterEach, expect, test } from "vitest";
import { holdResponse, type HeadVerdict } from "./hold-response.js";

type Handler = (res: ServerResponse, req: IncomingMessage) => unknown;

const SEND: HeadVerdict = { send: true, setCookies: ["sid=1; Path=/"] };
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** A server whose `/held…` responses wait for `acknowledge`, and a client that reads raw bytes. */
async function start(handler: Handler, options: { heldBytesMax?: number } = {}) {
  const gate = deferred<HeadVerdict>();
  const tail = deferred<void>();
  const asked = { head: 0, end: 0 };
  const server = createServer((req, res) => {
    if (req.url === "/plain") return res.end("plain");
    holdResponse(
      res,
      {
        beforeHead: () => ((asked.head += 1), req.url === "/open" ? SEND : gate.promise),
        beforeEnd: () => ((asked.end += 1), req.url === "/tail" ? tail.promise : undefined),
      },
      options,
    );
    return handler(res, req);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  closers.push(() => (server.close(), server.closeAllConnections()));
  return {
    server,
    asked,
    port,
    acknowledge: (verdict: HeadVerdict = SEND) => gate.resolve(verdict),
    acknowledgeTail: () => tail.resolve(),
    /** A whole request on another connection: whatever was under way has reached its socket. */
    settle: async () => {
      for (let turn = 0; turn < 3; turn += 1) await fetch(`http://127.0.0.1:${port}/plain`);
    },
    send: (text: string) => raw(port, text),
  };
}

interface RawClient {
  socket: Socket;
  text(): string;
  until(pattern: RegExp): Promise<string>;
}

function raw(port: number, text: string): RawClient {
  const socket = connect(port, "127.0.0.1");
  let received = "";
  socket.setEncoding("latin1").on("data", (chunk) => (received += String(chunk)));
  socket.on("error", () => {});
  closers.push(() => socket.destroy());
  socket.write(text);
  const until = (pattern: RegExp): Promise<string> =>
    new Promise((found) => {
      const look = (): void => {
        if (!pattern.test(received)) return;
        socket.off("data", look).off("close", look);
        found(received);
      };
      socket.on("data", look);
      look();
    });
  return { socket, text: () => received, until };
}

const get = (path: string, method = "GET"): string =>
  `${method} ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

const firsts: [string, Handler, RegExp][] = [
  ["end", (res) => res.end("body"), /Content-Length: 4\r\n[^]*\r\nbody$/],
  ["writeHead", (res) => res.writeHead(201, "Made").end("body"), /^HTTP\/1.1 201 Made[^]*body/],
  ["write", (res) => (res.write("body"), res.end()), /chunked[^]*4\r\nbody\r\n0\r\n\r\n$/],
  ["flushHeaders", (res) => (res.flushHeaders(), res.end("body")), /chunked[^]*body/],
];

for (const [first, handler, answer] of firsts) {
  test(`P1: ${first} sends no header before the acknowledgement`, async () => {
    const app = await start(handler);
    const client = app.send(get("/held"));
    await app.settle();
    expect(client.text()).toBe("");
    app.acknowledge();
    const text = await client.until(answer);
    expect(text).toContain("Set-Cookie: sid=1; Path=/");
    expect(app.asked).toEqual({ head: 1, end: first === "end" ? 0 : 1 });
  });

  test(`a gate with nothing to wait for lets ${first} through in the same call`, async () => {
    let sentAtOnce = false;
    const app = await start((res, req) => {
      handler(res, req);
      sentAtOnce = res.writableEnded && res.headersSent && res.finished;
    });
    const text = await app.send(get("/open")).until(answer);
    expect(sentAtOnce).toBe(true);
    expect(text).toContain("Set-Cookie: sid=1; Path=/");
  });
}

test("a held response looks to its handler as Node shows a sent one", async () => {
  const seen: Record<string, unknown> = {};
  const codeOf = (call: () => unknown): unknown => {
    try {
      return call();
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  const app = await start((res) => {
    seen.before = [res.headersSent, res.writableEnded];
    seen.writeHead = res.writeHead(200, { "X-A": "1" }) === res;
    seen.after = [res.headersSent, res.writableEnded, res.getHeader("x-a")];
    seen.set = codeOf(() => res.setHeader("x", "1"));
    seen.head = codeOf(() => res.writeHead(200));
    seen.remove = codeOf(() => res.removeHeader("x-a"));
    seen.nothing = codeOf(() => res.write(null as unknown as string));
    seen.number = codeOf(() => res.end(7 as unknown as string));
    seen.end = res.end("x") === res;
    seen.ended = [res.writableEnded, res.writableFinished];
    res.on("error", (error: NodeJS.ErrnoException) => (seen.late = error.code));
    seen.lateWrite = res.write("y");
  });
  const client = app.send(get("/held"));
  await app.settle();
  app.acknowledge();
  await client.until(/0\r\n\r\n$/);
  expect(seen).toEqual({
    before: [false, false],
    writeHead: true,
    after: [true, false, "1"],
    set: "ERR_HTTP_HEADERS_SENT",
    head: "ERR_HTTP_HEADERS_SENT",
    remove: "ERR_HTTP_HEADERS_SENT",
    nothing: "ERR_STREAM_NULL_VALUES",
    number: "ERR_INVALID_ARG_TYPE",
    end: true,
    ended: [true, false],
    late: "ERR_STREAM_WRITE_AFTER_END",
    lateWrite: false,
  });
});

test("writeHead that Node refuses asks no gate and can be made good", async () => {
  const app = await start((res) => {
    expect(() => res.writeHead(42)).toThrow(/Invalid status code/);
    expect(() => res.writeHead(200, { "x-bad": "a\nb" })).toThrow(/Invalid character/);
    expect(res.headersSent).toBe(false);
    res.writeHead(204).end();
  });
  app.acknowledge();
  expect(await app.send(get("/held")).until(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 204 No Content/);
});

test("the cookies of writeHead stay beside the session's, in every form of headers", async () => {
  const forms = [
    { "Set-Cookie": ["a=1", "b=2"] },
    ["Set-Cookie", "a=1", "Set-Cookie", "b=2"],
    [
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ],
  ] as unknown as Record<string, string>[];
  const app = await start((res, req) => {
    res.writeHead(200, forms[Number(req.headers["x-form"])]).end();
  });
  app.acknowledge();
  for (const index of forms.keys()) {
    const answer = await fetch(`http://127.0.0.1:${app.port}/held`, {
      headers: { "x-form": String(index) },
    });
    expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2", "sid=1; Path=/"]);
  }
});

test("callbacks and encodings of write and end are kept, in order", async () => {
  const order: string[] = [];
  const app = await start((res) => {
    res.write("61", "hex", () => order.push("first"));
    res.write("b", () => order.push("second"));
    res.on("finish", () => order.push("finish"));
    res.end("Yw==", "base64", () => order.push("end"));
  });
  const client = app.send(get("/held"));
  await app.settle();
  expect(order).toEqual([]);
  app.acknowledge();
  expect(await client.until(/0\r\n\r\n$/)).toMatch(/1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0/);
  await app.settle();
  expect(order).toEqual(["first", "second", "finish", "end"]);
});

test("a piped stream is held at the bound and goes on by itself", async () => {
  const heldBytesMax = 32_768;
  const total = 4_000_000;
  let produced = 0;
  const body = new Readable({
    read() {
      produced += 8_000;
      this.push(produced > total ? null : Buffer.alloc(8_000, "x"));
    },
  });
  const app = await start((res) => body.pipe(res), { heldBytesMax });
  const answer = fetch(`http://127.0.0.1:${app.port}/held`);
  await app.settle();
  expect(produced).toBeGreaterThan(heldBytesMax);
  // Beyond the bound: the chunk that reached it and what a Readable reads ahead.
  expect(produced).toBeLessThan(heldBytesMax + 8_000 + body.readableHighWaterMark + 8_000);
  app.acknowledge();
  expect((await (await answer).arrayBuffer()).byteLength).toBe(total);
});

test("write says false at the bound, and 'drain' comes once after the acknowledgement", async () => {
  const writes: boolean[] = [];
  let drains = 0;
  const app = await start(
    (res) => {
      res.on("drain", () => ((drains += 1), res.end()));
      writes.push(res.write("x".repeat(9)), res.write("x"), res.write("y"));
      writes.push(res.writableNeedDrain, res.writableLength === 11);
    },
    { heldBytesMax: 10 },
  );
  const client = app.send(get("/held"));
  await app.settle();
  expect({ writes, drains }).toEqual({ writes: [true, false, false, true, true], drains: 0 });
  app.acknowledge();
  await client.until(/0\r\n\r\n$/);
  expect(drains).toBe(1);
});

test("HEAD, 204 and 304 have no body, held or not", async () => {
  const app = await start((res, req) => {
    res.statusCode = Number(req.headers["x-status"]);
    res.end(res.statusCode === 200 ? "body" : undefined);
  });
  app.acknowledge();
  for (const path of ["/held", "/open"]) {
    for (const status of [200, 204, 304]) {
      const head = `HEAD ${path} HTTP/1.1\r\nHost: a\r\nX-Status: ${status}\r\n\r\n`;
      const client = app.send(head + get("/plain"));
      const text = await client.until(/plain$/);
      expect(text.slice(0, text.indexOf("\r\n\r\n") + 16)).toMatch(/\r\n\r\nHTTP\/1.1 200$/);
    }
  }
});

test("pipelined requests are answered in their order, one held, one not", async () => {
  const app = await start((res, req) => res.end(`answer to ${req.url}`));
  const client = app.send(get("/held?1") + get("/open") + get("/plain"));
  await app.settle();
  expect(client.text()).toBe("");
  app.acknowledge();
  const text = await client.until(/plain$/);
  expect(text.match(/answer to \S+?(?=HTTP)/g)).toEqual(["answer to /held?1", "answer to /open"]);
});

test("a server that stops does not cut a held response off", async () => {
  const app = await start((res) => res.end("kept"));
  const client = app.send(get("/held"));
  await app.settle();
  app.server.close();
  app.server.closeIdleConnections();
  app.acknowledge();
  expect(await client.until(/kept$/)).toContain("HTTP/1.1 200 OK");
});

test("early hints are not held", async () => {
  const app = await start((res) => {
    res.writeEarlyHints({ link: "</style.css>; rel=preload" });
    res.end("later");
  });
  const client = app.send(get("/held"));
  expect(await client.until(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 103 [^]*preload\r\n\r\n$/);
  app.acknowledge();
  await client.until(/later$/);
});

test("a client that goes away frees what was held, and the handler learns of it", async () => {
  const app = await start((res) => {
    res.write("x".repeat(100_000));
    res.once("close", () => closed.resolve());
    res.end("x", () => {});
  });
  const closed = deferred<void>();
  const client = app.send(get("/held"));
  await app.settle();
  client.socket.destroy();
  await closed.promise;
  app.acknowledge();
  await app.settle();
  expect(app.asked).toEqual({ head: 1, end: 1 });
});

test("a stream whose client goes away asks the end gate", async () => {
  const app = await start((res) => res.write("data: 1\n\n"));
  app.acknowledge();
  const client = app.send(get("/held"));
  await client.until(/data: 1/);
  client.socket.destroy();
  while (app.asked.end === 0) await app.settle();
  expect(app.asked).toEqual({ head: 1, end: 1 });
});

test("the end waits for its own gate when the head went before", async () => {
  const app = await start((res) => (res.write("first"), res.end("last")));
  app.acknowledge();
  const client = app.send(get("/tail"));
  await app.settle();
  expect(client.text()).not.toContain("last");
  app.acknowledgeTail();
  await client.until(/last\r\n0\r\n\r\n$/);
});

const UNSURE: HeadVerdict = {
  send: false,
  answer: { status: 503, headers: { "Content-Type": "text/plain" }, body: "unsure" },
};

test("a substitute answer replaces status, headers and body, and frees writers", async () => {
  const ends: string[] = [];
  const app = await start(
    async (res) => {
      res.setHeader("X-Secret", "1");
      res.writeHead(200, "Fine", { "Content-Type": "application/json" });
      res.write("x", () => ends.push("write"));
      const body = Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(1_000)));
      await pipeline(body, res).catch(() => {});
      ends.push("pipeline");
    },
    { heldBytesMax: 5_000 },
  );
  const client = app.send(get("/held"));
  await app.settle();
  app.acknowledge(UNSURE);
  const text = await client.until(/unsure$/);
  expect(text).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\nContent-Type: text\/plain\r\n/);
  expect(text).not.toMatch(/X-Secret|json|Set-Cookie/);
  await app.settle();
  expect(ends).toEqual(["write", "pipeline"]);
});

test("a length that Node finds wrong after the hold breaks the response, not the process", async () => {
  const app = await start((res) => {
    res.strictContentLength = true;
    res.setHeader("Content-Length", 3);
    res.end("four");
  });
  app.acknowledge();
  const failed = new Promise<string>((done) => {
    request({ port: app.port, path: "/held" })
      .on("error", (error: NodeJS.ErrnoException) => done(error.code ?? ""))
      .end();
  });
  expect(await failed).toBe("ECONNRESET");
});

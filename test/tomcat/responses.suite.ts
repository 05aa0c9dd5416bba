/**
 * When a response leaves: not before what it tells of is acknowledged, however the application makes
 * it leave; and what it wrote is on the other Tomcats by then.
 *
 * Not here: what becomes of sessions (sessions.suite.ts).
 */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { Browser } from "./browser.js";
import { type Cluster, whilePaused } from "./cluster.js";
import type { Tomcat } from "./tomcats.js";

/** Ways to make headers leave, and how the response begins. */
const WAYS = [
  ["a small body", "set?name=x&value=1", "HTTP/1.1 200"],
  ["a body of 20 KB", "big?name=x&value=1&ms=10000", "HTTP/1.1 200"],
  ["a flush", "flush?name=x&value=1&ms=10000", "HTTP/1.1 200"],
  ["a redirect", "redirect?name=x&value=1", "HTTP/1.1 302"],
  ["an exception's page", "error?name=x&value=1", "HTTP/1.1 500"],
  ["an error page that begins a session", "error-untouched?value=404", "HTTP/1.1 404"],
  ["a completed async request", "async?how=complete&name=x&value=1&ms=1", "HTTP/1.1 200"],
] as const;

const SILENCE_MS = 400;

/** The tests of one cluster. */
export function responses(cluster: () => Cluster): void {
  describe("when a response leaves", () => {
    test.each(WAYS)("P1: %s: no byte before the acknowledgement", async (_way, path, begin) => {
      const { first, sidecars } = cluster();
      const [, ...peers] = sidecars;
      const raw = await whilePaused(peers, async () => {
        const request = await sendRaw(first, path);
        await pause(SILENCE_MS);
        expect(request.received()).toBe("");
        return request;
      });
      await vi.waitFor(() => expect(raw.received()).toContain(begin));
      raw.end();
    });

    test("P1: what a body of 20 KB tells of is elsewhere when its headers are here", async () => {
      const { first, second } = cluster();
      const user = new Browser();
      const response = await user.open(first, "big?name=x&value=1&ms=300");
      expect((await user.get(second, "get?name=x")).text).toBe("1");
      expect((await response.text()).length).toBe(20_000);
    });

    test("P1: what is changed after a flush is elsewhere when the response ends", async () => {
      const { first, second } = cluster();
      const user = new Browser();
      const response = await user.open(first, "flush?name=x&value=1&ms=300");
      expect((await user.get(second, "get?name=x")).text).toBe("1");
      expect((await user.get(second, "get?name=x2")).text).toBe("null");
      expect(await response.text()).toBe("first second");
      expect((await user.get(second, "get?name=x2")).text).toBe("1");
    });

    test("a redirect and an error page show elsewhere what they wrote", async () => {
      const { first, second } = cluster();
      const user = new Browser();
      const away = await user.get(first, "redirect?name=x&value=1");
      expect(away.status).toBe(302);
      expect((await user.get(second, away.headers.get("location") as string)).text).toBe("1");
      expect((await user.get(second, "error?name=y&value=2")).text).toBe("errors 1");
      expect((await user.get(first, "error?name=z&value=3")).text).toBe("errors 2");
      expect((await user.get(second, "info")).text).toContain("{errors=2, x=1, y=2, z=3}");
    });

    test("an error page that only looked in leaves nothing behind that ends a session later", async () => {
      const { first, second } = cluster();
      const user = new Browser();
      await user.get(first, "idle?value=3");
      await user.get(second, "error-untouched?value=404");
      for (let at = 0; at < 9; at += 1) {
        await pause(500);
        expect((await user.get(first, `set?name=x&value=${at}`)).status).toBe(200);
      }
      expect((await user.get(second, "get?name=x")).text).toBe("8");
    });

    test("a client that goes away in the middle leaves nothing to who comes after it", async () => {
      const { first, second } = cluster();
      const user = new Browser();
      await user.get(first, "set?name=x&value=1");
      const cookie = `JSESSIONID=${user.id}`;
      const gone = await Promise.all(
        Array.from({ length: 4 }, (_, at) =>
          sendRaw(first, `big?name=y${at}&value=1&ms=300`, { cookie }),
        ),
      );
      await vi.waitFor(() => gone.forEach((each) => expect(each.received()).toContain("200")));
      for (const each of gone) each.end();
      for (let at = 0; at < 8; at += 1) {
        const other = new Browser();
        expect((await other.get(first, `set?name=z&value=${at}`)).text).toBe("ok");
        expect((await other.get(second, "info")).text).toContain(`{z=${at}}`);
      }
      expect((await user.get(second, "info")).text).toContain("{x=1, y0=1, y1=1, y2=1, y3=1}");
    });

    test.each([
      ["complete", "completed"],
      ["timeout", "time is over"],
      ["dispatch", "ok"],
    ])("an async request that ends by %s keeps its writes", async (how, text) => {
      const { first, second } = cluster();
      const user = new Browser();
      const page = await user.get(first, `async?how=${how}&name=x&value=1&ms=50`);
      expect(page.text).toBe(text);
      expect((await user.get(second, "get?name=x")).text).toBe("1");
      if (how === "dispatch") expect((await user.get(second, "get?name=x3")).text).toBe("1");
    });

    test("P2: a stream sees the clicks beside it, on either Tomcat, and loses none of its own", async () => {
      const { first, second } = cluster();
      const user = new Browser();
      await user.get(first, "set?name=clicks&value=0");
      const stream = await user.open(first, "stream?name=pieces&ms=100");
      for (let click = 1; click <= 6; click += 1) {
        const at = click % 2 === 0 ? first : second;
        expect((await user.get(at, `set?name=clicks&value=${click}`)).text).toBe("ok");
      }
      expect((await user.get(second, "get?name=clicks")).text).toBe("6");
      const lines = (await stream.text()).trim().split("\n");
      expect(lines).toHaveLength(30);
      expect(lines.at(-1)).toBe("30 6");
      expect((await user.get(second, "info")).text).toContain("{clicks=6, pieces=30}");
    });
  });
}

interface RawRequest {
  received(): string;
  end(): void;
}

/** A request whose response is looked at byte by byte. */
async function sendRaw(
  tomcat: Tomcat,
  path: string,
  headers: { readonly cookie?: string } = {},
): Promise<RawRequest> {
  const socket = connect(Number(new URL(tomcat.url).port), "127.0.0.1");
  await once(socket, "connect");
  let received = "";
  socket.on("data", (chunk) => (received += chunk.toString("latin1")));
  const cookie = headers.cookie === undefined ? "" : `Cookie: ${headers.cookie}\r\n`;
  socket.write(`GET /do/${path} HTTP/1.1\r\nHost: localhost\r\n${cookie}\r\n`);
  return { received: () => received, end: () => socket.destroy() };
}

/**
 * What becomes of sessions whose requests go to either Tomcat: merging, ends, logins, listeners, a
 * deploy of another version.
 *
 * Not here: when responses leave (responses.suite.ts), and what fails (failures.suite.ts).
 */
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Browser } from "./browser.js";
import { type Cluster, whilePaused } from "./cluster.js";
import type { Tomcat } from "./tomcats.js";

/** The tests of one cluster. */
export function sessions(cluster: () => Cluster): void {
  describe("requests side by side", () => merging(cluster));
  describe("the end of a session", () => ends(cluster));
  describe("what Tomcat and applications expect", () => expectations(cluster));
  describe("a rolling deploy", () => deploy(cluster));
}

function merging(cluster: () => Cluster): void {
  test("P2, M1: two Tomcats set different attributes at once, and both stay", async () => {
    const { first, second } = cluster();
    const user = new Browser();
    await user.get(first, "set?name=round&value=0");
    for (let round = 1; round <= 5; round += 1) {
      await Promise.all([
        user.get(first, `slow?name=x${round}&value=1&ms=50`),
        user.get(second, `slow?name=y${round}&value=1&ms=50`),
      ]);
      const there = await Promise.all([user.get(first, "info"), user.get(second, "info")]);
      for (const { text } of there) expect(text).toMatch(new RegExp(`x${round}=1.*y${round}=1`));
    }
  });

  test("a slow request does not keep others of its session on the same Tomcat waiting", async () => {
    const { first, second } = cluster();
    const user = new Browser();
    await user.get(first, "set?name=x&value=0");
    let isDone = false;
    const slow = user.get(first, "slow?name=slow&value=1&ms=1500").then(() => (isDone = true));
    for (let click = 1; click <= 3; click += 1) await user.get(first, `set?name=x&value=${click}`);
    expect(isDone).toBe(false);
    expect((await user.get(second, "get?name=x")).text).toBe("3");
    await slow;
    expect((await user.get(second, "info")).text).toContain("{slow=1, x=3}");
  });

  test("a list that is changed in place is saved, on each Tomcat in turn", async () => {
    const { first, second } = cluster();
    const user = new Browser();
    expect((await user.get(first, "add?name=l&value=a")).text).toBe("[a]");
    expect((await user.get(second, "add?name=l&value=b")).text).toBe("[a, b]");
    expect((await user.get(first, "add?name=l&value=c")).text).toBe("[a, b, c]");
    expect((await user.get(second, "get?name=l")).text).toBe("[a, b, c]");
    await user.get(second, "remove?name=l");
    expect((await user.get(first, "get?name=l")).text).toBe("null");
  });

  test("only what changed is written: an attribute that is only read is not", async () => {
    const { first, second } = cluster();
    const user = new Browser();
    await user.get(first, "add?name=l&value=a");
    const slow = user.copy().get(first, "slow-read?name=l&ms=600");
    await pause(200);
    await user.get(second, "add?name=l&value=b");
    expect((await slow).text).toBe("[a]");
    expect((await user.get(first, "info")).text).toContain("{l=[a, b], read=l}");
  });

  test("M2: what a slow request holds is not lost when another Tomcat's value takes its place", async () => {
    const { first, second } = cluster();
    const user = new Browser();
    await user.get(first, "add?name=l&value=a");
    const slow = user.copy().get(first, "slow-add?name=l&value=late&ms=800");
    await pause(200);
    await user.get(second, "add?name=l&value=b");
    expect((await user.get(first, "get?name=l")).text).toBe("[a, b]");
    expect((await slow).text).toBe("[a, late]");
    expect((await user.get(second, "get?name=l")).text).toBe("[a, late]");
  });

  test("P5: a response brings along what another Tomcat lacks", async () => {
    const { first, newer, sidecars } = cluster();
    const user = new Browser();
    await user.get(first, "set?name=x&value=0");
    await user.get(newer, "get?name=x");
    await whilePaused(sidecars.slice(2), () => user.get(first, "set?name=x&value=1"));
    expect([...user.cookies.keys()].some((name) => name.startsWith("mesh-token-"))).toBe(true);
    expect((await user.get(newer, "get?name=x")).text).toBe("1");
  });
}

function ends(cluster: () => Cluster): void {
  const gone = async (user: Browser, tomcats: readonly Tomcat[]): Promise<void> => {
    for (const tomcat of tomcats) {
      expect((await user.get(tomcat, "get?name=x")).text).toBe("no session");
    }
  };

  test("P3: a logout is final for a request that was under way on the other Tomcat", async () => {
    const { first, second } = cluster();
    const user = new Browser();
    await user.get(first, "set?name=x&value=1");
    const slow = user.copy().get(first, "slow?name=x&value=2&ms=600");
    await pause(150);
    expect((await user.get(second, "logout")).text).toBe("ok");
    await slow;
    await gone(user, [first, second]);
  });

  test("P3: nor does a change of its id bring a session back that was logged out", async () => {
    const { first, second } = cluster();
    const user = new Browser();
    await user.get(first, "set?name=x&value=1");
    const other = user.copy();
    const slow = other.get(first, "slow-regenerate?ms=600");
    await pause(150);
    await user.get(second, "logout");
    await slow;
    await gone(other, [first, second]);
  });

  test("M13: a changed id takes the session along; the old one is empty and sets no cookie", async () => {
    const { first, second } = cluster();
    const user = new Browser();
    await user.get(first, "set?name=x&value=1");
    const late = user.copy();
    await user.get(first, "regenerate");
    expect(user.id).not.toBe(late.id);
    expect((await user.get(second, "get?name=x")).text).toBe("1");
    const page = await late.get(second, "set?name=x&value=2");
    expect(page.headers.getSetCookie()).toEqual([]);
    expect((await user.get(first, "get?name=x")).text).toBe("1");
  });

  test("P4: a session of 3 s lives through traffic elsewhere, and ends everywhere without it", async () => {
    const { first, second } = cluster();
    const user = new Browser();
    await user.get(first, "set?name=x&value=1");
    await user.get(first, "idle?value=3");
    expect((await user.get(second, "info")).text).toContain("idle=3 ");
    for (let at = 0; at < 9; at += 1) {
      await pause(500);
      expect((await user.get(second, "get?name=x")).text).toBe("1");
    }
    expect((await user.get(first, "get?name=x")).text).toBe("1");
    await pause(3_500);
    await gone(user, [first, second]);
  });

  test("an id that nobody made is not taken over", async () => {
    const { first } = cluster();
    const user = new Browser();
    user.cookies.set("JSESSIONID", "0123456789ABCDEF0123456789ABCDEF");
    const { text } = await user.get(first, "new");
    expect(text).toMatch(/^true (?!0123456789ABCDEF)/);
  });
}

function expectations(cluster: () => Cluster): void {
  test("a session is new only for the request that made it, and keeps its age", async () => {
    const { first, second } = cluster();
    const user = new Browser();
    expect((await user.get(first, "new")).text).toMatch(/^true /);
    expect((await user.get(second, "new")).text).toBe(`false ${user.id}`);
    const age = /created=\d+/;
    const made = age.exec((await user.get(first, "info")).text)?.[0];
    expect((await user.get(second, "info")).text).toContain(made);
  });

  test("listeners hear of what is done on their Tomcat, and of nothing else", async () => {
    const { first, second } = cluster();
    const counts = async (tomcat: Tomcat): Promise<Record<string, number>> => {
      const { text } = await new Browser().get(tomcat, "counts");
      return Object.fromEntries(
        text.split(" ").map((pair) => [pair.split("=")[0], Number(pair.split("=")[1])]),
      );
    };
    const before = [await counts(first), await counts(second)];
    const user = new Browser();
    await user.get(first, "set?name=x&value=1");
    await user.get(second, "set?name=x&value=2");
    await user.get(second, "regenerate");
    await user.get(first, "remove?name=x");
    await user.get(first, "set?name=y&value=1");
    await user.get(second, "logout");
    const after = [await counts(first), await counts(second)];
    const differences = after.map((now, at) =>
      Object.fromEntries(Object.entries(now).map(([k, v]) => [k, v - (before[at]?.[k] ?? 0)])),
    );
    expect(differences).toEqual([
      { created: 1, destroyed: 0, added: 2, replaced: 0, removed: 1, renamed: 0 },
      { created: 0, destroyed: 1, added: 0, replaced: 1, removed: 1, renamed: 1 },
    ]);
  });

  test("a FORM login may be asked for, sent and used on different Tomcats", async () => {
    const { first, second } = cluster();
    const user = new Browser();
    expect((await user.get(first, "/secure")).text).toBe("log in, please");
    const form = { j_username: "ada", j_password: "lovelace" };
    const sent = await user.get(second, "/j_security_check", form);
    expect([302, 303]).toContain(sent.status);
    expect((await user.get(first, "/secure")).text).toBe("hello ada true");
    expect((await user.get(second, "/secure")).text).toBe("hello ada true");
    await user.get(first, "logout");
    expect((await user.get(second, "/secure")).text).toBe("log in, please");
  });

  test("a WebSocket keeps reading and writing its HTTP session, until that is over", async () => {
    const { first, second } = cluster();
    const user = new Browser();
    await user.get(first, "set?name=x&value=1");
    const cookie = [...user.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const url = `${first.url.replace("http", "ws")}/chat`;
    const socket = new WebSocket(url, { headers: { cookie } });
    await once(socket, "open");
    const say = async (text: string): Promise<string> => {
      const answered = once(socket, "message");
      socket.send(text);
      return String((await answered)[0]);
    };
    expect(await say("get x")).toBe("1");
    await user.get(second, "set?name=x&value=2");
    expect(await say("get x")).toBe("2");
    expect(await say("set y 3")).toBe("3");
    expect((await user.get(second, "get?name=y")).text).toBe("3");
    await user.get(second, "logout");
    expect(await say("get x")).toBe("the session is over");
    socket.terminate();
  });

  test("what cannot be carried is refused with its name, its class and the remedy", async () => {
    const { first } = cluster();
    const user = new Browser();
    await user.get(first, "set?name=x&value=1");
    expect((await user.get(first, "object?name=o&value=web.Opaque")).status).toBe(500);
    expect(first.log()).toContain('attribute "o": web.Opaque is not Serializable; make it so');
    expect((await user.get(first, "object?name=o&value=java.lang.Exception")).status).toBe(500);
    expect(first.log()).toContain('attribute "o": name java.lang.Exception, or its package');
    expect((await user.get(first, "get?name=x")).text).toBe("1");
  });
}

function deploy(cluster: () => Cluster): void {
  test("classes that the other version does not know, or knows otherwise, are hidden and kept", async () => {
    const { first, second, newer } = cluster();
    const user = new Browser();
    await user.get(first, "set?name=x&value=1");
    await user.get(first, "object?name=cart&value=shop.Cart");
    expect((await user.get(second, "get?name=cart")).text).toBe("cart of version 1");
    expect((await user.get(newer, "get?name=cart")).text).toBe("null");
    expect((await user.get(newer, "get?name=x")).text).toBe("1");
    await user.get(newer, "object?name=coupon&value=shop.Coupon");
    await user.get(newer, "set?name=x&value=2");
    const { text } = await user.get(second, "info");
    expect(text).toContain("{cart=cart of version 1, x=2}");
    expect(text).not.toContain("coupon");
    expect((await user.get(first, "set?name=y&value=1")).text).toBe("ok");
    expect((await user.get(newer, "get?name=coupon")).text).toBe("coupon");
    await user.get(newer, "object?name=cart&value=shop.Cart");
    expect((await user.get(newer, "get?name=cart")).text).toBe("cart of version 2");
    expect((await user.get(first, "get?name=cart")).text).toBe("null");
  });

  test("a hidden attribute goes along when the id changes", async () => {
    const { first, newer } = cluster();
    const user = new Browser();
    await user.get(first, "object?name=cart&value=shop.Cart");
    await user.get(newer, "regenerate");
    expect((await user.get(first, "get?name=cart")).text).toBe("cart of version 1");
  });

  test("what is not allowed here is not read, and stays what it is", async () => {
    const { first, newer } = cluster();
    const user = new Browser();
    await user.get(newer, "object?name=e&value=java.lang.Exception");
    expect((await user.get(first, "get?name=e")).text).toBe("null");
    await user.get(first, "set?name=x&value=1");
    expect((await user.get(newer, "get?name=e")).text).toBe("java.lang.Exception");
  });

  test("where it is configured so, what cannot be carried stays on its Tomcat", async () => {
    const { first, newer } = cluster();
    const user = new Browser();
    expect((await user.get(newer, "object?name=o&value=web.Opaque")).text).toBe("opaque");
    await user.get(newer, "set?name=x&value=1");
    expect((await user.get(first, "info")).text).toContain("{x=1}");
    expect((await user.get(newer, "get?name=o")).text).toBe("opaque");
  });
}

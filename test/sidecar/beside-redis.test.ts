/** What a connection says of itself: the same bytes as a real Redis 7.0 answers, command by command. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRedis, type RedisServer } from "../bench/redis.js";
import { type FrontDoor, openDoor } from "./front-door.js";
import { frame, RawClient } from "./raw-client.js";

const redis: RedisServer | undefined = await startRedis();
const reason = redis ? "" : " (left out: needs the package redis-server)";

/** Scripts, each a connection: what is sent at once, in frames or as it stands. */
const SCRIPTS: Readonly<Record<string, readonly (readonly string[] | string)[]>> = {
  "PING and ECHO": [["PING"], ["ping", "a b"], ["PING", "a", "b"], ["ECHO", "\0\xff"], ["ECHO"]],
  "unknown commands": [
    ["FOO"],
    ["foo", "a", "b\r\nc", "x".repeat(200), "d"],
    ["f\noo", "z\0y"],
    ["n".repeat(300), "q"],
  ],
  "HELLO switches the encoding from that command on": [
    ["CONFIG", "GET", "no-such-parameter"],
    ["HELLO", "3", "SETNAME", "me"],
    ["CONFIG", "GET", "no-such-parameter"],
    ["CLIENT", "GETNAME"],
    ["COMMAND", "INFO", "no-such-command"],
    ["HELLO", "2"],
    ["COMMAND", "INFO", "no-such-command"],
    ["HELLO"],
  ],
  "HELLO refuses": [
    ["HELLO", "1"],
    ["HELLO", "4"],
    ["HELLO", "x"],
    ["HELLO", "9".repeat(30)],
    ["HELLO", "3", "FOO"],
    ["HELLO", "3", "SETNAME", "a b"],
    ["HELLO", "3", "SETNAME"],
    ["HELLO", "3", "AUTH", "default"],
    ["HELLO", "3", "AUTH", "nobody", "x"],
    ["HELLO", "3", "AUTH", "default", "whatever", "SETNAME", "n"],
  ],
  "AUTH without a password": [
    ["AUTH", "x"],
    ["AUTH", "a", "b"],
    ["AUTH", "default", "x"],
    ["AUTH"],
  ],
  SELECT: [
    ["SELECT", "1"],
    ["SELECT", "15"],
    ["SELECT", "16"],
    ["SELECT", "-1"],
    ["SELECT", "x"],
    ["SELECT", "99999999999"],
    ["SELECT", "01"],
    ["SELECT"],
  ],
  "CLIENT names": [
    ["CLIENT", "GETNAME"],
    ["CLIENT", "SETNAME", "a b"],
    ["CLIENT", "SETNAME", "ab"],
    ["client", "getname"],
    ["CLIENT", "SETNAME", ""],
    ["CLIENT", "GETNAME"],
  ],
  "CLIENT refuses": [
    ["CLIENT"],
    ["CLIENT", "FOO"],
    ["CLIENT", "ID", "x"],
    ["CLIENT", "NO-EVICT", "on"],
    ["CLIENT", "NO-EVICT", "maybe"],
    ["CLIENT", "LIST", "FOO"],
    ["CLIENT", "LIST", "TYPE", "foo"],
    ["CLIENT", "LIST", "ID", "x"],
    ["CLIENT", "LIST", "ID", "123456"],
    ["CLIENT", "LIST", "TYPE", "replica"],
  ],
  COMMAND: [
    ["COMMAND", "FOO"],
    ["COMMAND", "INFO", "nothing"],
    ["COMMAND", "DOCS", "nothing"],
    ["COMMAND", "LIST", "FILTERBY", "MODULE", "none"],
    ["COMMAND", "LIST", "FILTERBY", "PATTERN", "pin?"],
    ["COMMAND", "COUNT", "x"],
  ],
  CONFIG: [
    ["CONFIG"],
    ["CONFIG", "FOO"],
    ["CONFIG", "GET"],
    ["CONFIG", "GET", "maxmemory"],
    ["CONFIG", "GET", "MAXCLIENTS"],
    ["CONFIG", "GET", "save"],
    ["CONFIG", "SET", "nothing", "1"],
    ["CONFIG", "SET", "hash-max-listpack-entries", "5"],
    ["CONFIG", "GET", "hash-max-listpack-entrie?"],
    ["CONFIG", "SET", "a"],
    ["CONFIG", "SET", "a", "b", "c"],
    ["CONFIG", "RESETSTAT"],
  ],
  "RESET forgets": [["HELLO", "3"], ["CLIENT", "SETNAME", "x"], ["RESET"], ["CLIENT", "GETNAME"]],
  "QUIT ends it, and what came after is not answered": [["PING"], ["QUIT", "now"], ["PING"]],
  "lines by hand": ["PING\r\n", 'ECHO "a\\x00b"\n', "\r\n", "ECHO 'it\\'s'\r\n", 'FOO "a b"\r\n'],
  "a browser that a web page sent here": [
    "PING\r\n",
    "POST / HTTP/1.1\r\nHost: localhost\r\n\r\nECHO hello\r\n",
  ],
  "a header that comes later": ["GET\r\n", "X: y\r\n", "host: localhost\r\n", "ECHO hello\r\n"],
  "INFO of what there is not": [
    ["INFO", "nosuchsection"],
    ["INFO", "cluster"],
    ["INFO", "modules"],
  ],
};

/** Bytes that are no frame: the error, and then the connection is closed. */
const BROKEN: readonly string[] = [
  "*1\r\n$-1\r\n",
  "*x\r\n",
  "*1\r\n:1\r\n",
  "*1\r\n$x\r\n",
  `*1\r\n$4\r\nPING\r\n*1\r\n%1\r\n`,
  'SET "a\r\n',
  `*1\r\n$${"1".repeat(70_000)}`,
  "*2147483648\r\n",
];

describe.skipIf(!redis)(`a connection beside Redis${reason}`, () => {
  let door: FrontDoor;
  let redisPort = 0;

  beforeAll(async () => {
    door = await openDoor();
    redisPort = Number(new URL(redis?.url ?? "").port);
  });
  afterAll(async () => {
    await door.close();
    await redis?.stop();
  });

  test.each(Object.entries(SCRIPTS))("%s", async (_name, script) => {
    const sent = script.map((line) => (typeof line === "string" ? line : frame(...line))).join("");
    const [theirs, ours] = await Promise.all(
      [redisPort, door.port].map((port) => talk(port, sent)),
    );
    expect(ours).toBe(theirs);
  });

  test.each(BROKEN)("what is no frame: %.24s", async (bytes) => {
    const sent = bytes + frame("PING");
    const [theirs, ours] = await Promise.all(
      [redisPort, door.port].map((port) => talk(port, sent)),
    );
    expect(ours).toBe(theirs);
  });
});

/** Everything that comes back until the server has answered and closed; ids are made equal. */
async function talk(port: number, sent: string): Promise<string> {
  const client = await RawClient.open({ port });
  client.send(sent + frame("QUIT"));
  const received = await client.untilClosed();
  return received.replace(/(\$2\r\nid\r\n):\d+/g, "$1:ID");
}

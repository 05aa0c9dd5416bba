/**
 * MESH.*: what a server's own session module asks of the sidecar beyond Redis.
 *
 *   MESH.LOAD key [NOTOUCH] [VERSION v] [TOKENS n name=value ...]
 *     → [status, ttlMs, [field, value, ...], stale, unshared, version, leftMs]
 *   MESH.SAVE key ttlMs create|update|restore [NOTOKEN] [VERSION v] [TOKENS n name=value ...]
 *             [SET n field value ...] [DEL n field ...]
 *     → [status, tokenName, tokenValue, acks, degraded, [further names and values], version]
 *   MESH.DESTROY key [REGENERATED]
 *     → [acks, degraded]
 *   MESH.INFO
 *     → node, ready, peers
 *
 * Not here: what they do (keyspace/foreign-sessions.ts).
 */
import type { Saved } from "../../keyspace/foreign-sessions.js";
import { RefusedWrite } from "../../keyspace/key.js";
import { keyIdOf } from "../../keyspace/key-names.js";
import { type Command, command, type ConnectionContext, type Deferred } from "../command.js";
import {
  array,
  bulk,
  error,
  integer,
  map,
  NULL_ARRAY,
  type Reply,
  SYNTAX_ERROR,
} from "../reply.js";
import { parseInteger } from "./numbers.js";

const TTL_MS_MAX = 10 ** 13;

/** What follows the fixed arguments, by its word; undefined where it cannot be read. */
interface Sections {
  readonly tokens: ReadonlyMap<string, string>;
  readonly fields: ReadonlyMap<string, Uint8Array | undefined>;
  readonly version: string;
  /** Words that stand alone. */
  readonly flags: ReadonlySet<string>;
}

function readSections(args: readonly Buffer[], from: number): Sections | undefined {
  const tokens = new Map<string, string>();
  const fields = new Map<string, Uint8Array | undefined>();
  const flags = new Set<string>();
  let version = "";
  for (let at = from; at < args.length;) {
    const word = args[at]?.toString("latin1").toUpperCase();
    if (word === "NOTOUCH" || word === "NOTOKEN") {
      flags.add(word);
      at += 1;
      continue;
    }
    if (word === "VERSION") {
      version = args[at + 1]?.toString("latin1") ?? "";
      at += 2;
      continue;
    }
    const count = parseInteger(args[at + 1]);
    if (count === undefined || count < 0n || count > BigInt(args.length)) return undefined;
    const width = word === "SET" ? 2 : 1;
    const end = at + 2 + Number(count) * width;
    if (end > args.length) return undefined;
    for (at += 2; at < end; at += width) {
      const item = args[at] as Buffer;
      if (word === "SET") fields.set(item.toString("latin1"), args[at + 1] as Buffer);
      else if (word === "DEL") fields.set(item.toString("latin1"), undefined);
      else if (word !== "TOKENS") return undefined;
      else {
        const [name, value] = item.toString("latin1").split("=", 2);
        tokens.set(name as string, value ?? "");
      }
    }
  }
  return { tokens, fields, version, flags };
}

function deferred(reply: Promise<Reply>): Deferred {
  const refused = (thrown: unknown): Reply => {
    if (thrown instanceof RefusedWrite) return error(thrown.reply);
    throw thrown;
  };
  return { kind: "deferred", reply: reply.catch(refused) };
}

function load(args: readonly Buffer[], { db, keyspace }: ConnectionContext): Reply | Deferred {
  const sections = readSections(args, 2);
  if (!sections) return SYNTAX_ERROR;
  const { tokens, version, flags } = sections;
  const isTouch = !flags.has("NOTOUCH");
  const options = { tokens, version, isTouch };
  const loading = keyspace.sessions.load(keyIdOf(db, args[1] as Buffer), options);
  return deferred(
    loading.then((loaded) => {
      const pairs = loaded.fields?.flatMap(([name, value]) => [
        bulk(Buffer.from(name, "latin1")),
        bulk(value),
      ]);
      return array([
        bulk(loaded.status),
        integer(loaded.ttlMs),
        pairs ? array(pairs) : NULL_ARRAY,
        integer(loaded.isStale ? 1 : 0),
        integer(loaded.isUnshared ? 1 : 0),
        bulk(loaded.version),
        integer(loaded.leftMs),
      ]);
    }),
  );
}

function save(args: readonly Buffer[], { db, keyspace }: ConnectionContext): Reply | Deferred {
  const sections = readSections(args, 4);
  const mode = args[3]?.toString("latin1").toLowerCase();
  const isMode = mode === "create" || mode === "update" || mode === "restore";
  if (!sections || !isMode) return SYNTAX_ERROR;
  const ttlMs = parseInteger(args[2]);
  if (ttlMs === undefined || ttlMs < 0n || ttlMs > TTL_MS_MAX) {
    return error("ERR invalid expire time in 'mesh.save' command");
  }
  const saving = keyspace.sessions.save(keyIdOf(db, args[1] as Buffer), {
    ttlMs: Number(ttlMs),
    mode,
    tokens: sections.tokens,
    fields: sections.fields,
    version: sections.version,
    isTokenless: sections.flags.has("NOTOKEN"),
  });
  return deferred(saving.then(savedReply));
}

function savedReply({ status, cookies, acks, degraded, version }: Saved): Reply {
  const [first, ...further] = cookies;
  return array([
    bulk(status),
    bulk(first?.name ?? ""),
    bulk(first?.value ?? ""),
    integer(acks),
    integer(degraded ? 1 : 0),
    array(further.flatMap(({ name, value }) => [bulk(name), bulk(value)])),
    bulk(version),
  ]);
}

function destroy(args: readonly Buffer[], { db, keyspace }: ConnectionContext): Reply | Deferred {
  const word = args[2]?.toString("latin1").toUpperCase();
  if (args.length > 3 || (word !== undefined && word !== "REGENERATED")) return SYNTAX_ERROR;
  const regenerated = word !== undefined;
  const destroying = keyspace.sessions.destroy(keyIdOf(db, args[1] as Buffer), { regenerated });
  return deferred(
    destroying.then(({ acks, degraded }) => array([integer(acks), integer(degraded ? 1 : 0)])),
  );
}

function info(_args: readonly Buffer[], { keyspace }: ConnectionContext): Reply {
  const { mesh } = keyspace;
  const peers = mesh.status().members.filter(({ isSelf, isLinked }) => !isSelf && isLinked);
  return map([
    ...[bulk("node"), bulk(mesh.node)],
    ...[bulk("ready"), integer(mesh.readiness().ready ? 1 : 0)],
    ...[bulk("peers"), integer(peers.length)],
  ]);
}

/** The commands. */
export const meshCommands: readonly Command[] = [
  command("mesh.load", -2, { flags: ["readonly"], keys: [1, 1, 1], run: load }),
  command("mesh.save", -4, { flags: ["write", "denyoom"], keys: [1, 1, 1], run: save }),
  command("mesh.destroy", -2, { flags: ["write"], keys: [1, 1, 1], run: destroy }),
  command("mesh.info", 1, { flags: ["readonly", "fast"], run: info }),
];

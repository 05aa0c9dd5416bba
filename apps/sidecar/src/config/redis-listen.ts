/**
 * Where the Redis front door listens, in the forms that people write.
 *
 *   "127.0.0.1:6379"   "[::1]:6379"   "/run/session-mesh/redis.sock"
 *   { "host": "10.0.0.5", "port": 6379 }   { "path": "/run/…", "mode": "0660" }
 *
 * Not here: whether it may listen there (placement.ts), and listening (resp/server.ts).
 */
import { z } from "zod";
import type { RedisAddress } from "../resp/server.js";

const PROBLEM =
  'must be "127.0.0.1:6379", "/run/session-mesh/redis.sock", { host, port }, { path, mode }, or a list of such';
const ADDRESSES_MAX = 16;

const port = z.int().min(0).max(65_535);

const place = z.union([
  z.string().transform(fromText),
  z.strictObject({ host: z.string().min(1).default("127.0.0.1"), port }),
  z
    .strictObject({
      path: z.string().startsWith("/"),
      mode: z
        .string()
        .regex(/^0?[0-7]{3}$/)
        .default("0600"),
    })
    .transform(({ path, mode }): RedisAddress => ({ path, mode: Number.parseInt(mode, 8) })),
]);

const places = z.union([
  z.array(place).min(1).max(ADDRESSES_MAX),
  place.transform((one): readonly RedisAddress[] => [one]),
]);

/** Checks `redis.listen`; gives a list. Whatever is wrong, the forms are said. */
export const redisListenSchema: z.ZodType<readonly RedisAddress[]> = z
  .unknown()
  .transform((value, context): readonly RedisAddress[] => {
    const parsed = places.safeParse(value);
    if (parsed.success) return parsed.data;
    context.addIssue({ code: "custom", message: PROBLEM });
    return z.NEVER;
  })
  .default([{ host: "127.0.0.1", port: 6_379 }]);

function fromText(text: string, context: z.core.$RefinementCtx<string>): RedisAddress {
  if (text.startsWith("/")) return { path: text, mode: 0o600 };
  const [, bracketed, host = bracketed, digits] =
    /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  if (host !== undefined && Number(digits) <= 65_535) return { host, port: Number(digits) };
  context.addIssue({ code: "custom", message: PROBLEM });
  return z.NEVER;
}

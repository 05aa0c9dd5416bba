/**
 * Certificates for tests, made on the spot: an authority and what it signs (X.509 v3, P-256).
 *
 * Not for anything but tests: the fields that a test does not need are left out.
 */
import {
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import { isIPv4 } from "node:net";

/** A key and a certificate, as PEM. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/** Signs certificates, and is trusted by its own. */
export interface Authority extends Identity {
  /** A certificate for these names and IPv4 addresses, good for servers and clients. */
  issue(...names: string[]): Identity;
}

const DAY_MS = 86_400_000;
const OID = {
  commonName: "550403",
  ecdsaWithSha256: "2a8648ce3d040302",
  basicConstraints: "551d13",
  subjectAltName: "551d11",
};

/** Makes an authority of its own. */
export function createAuthority(name: string): Authority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = { name, key: keys.privateKey };
  const own = {
    name,
    key: keys.publicKey,
    extension: extension(OID.basicConstraints, sequence(der(1, 255))),
  };
  return {
    key: pem(keys.privateKey),
    cert: certificate(issuer, own),
    issue(...names) {
      const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const alternatives = names.map((each) =>
        isIPv4(each) ? der(0x87, ...each.split(".").map(Number)) : der(0x82, Buffer.from(each)),
      );
      const subject = { name: names[0] ?? "node", key: publicKey };
      const named = extension(OID.subjectAltName, sequence(...alternatives));
      return { key: pem(privateKey), cert: certificate(issuer, { ...subject, extension: named }) };
    },
  };
}

interface Subject {
  readonly name: string;
  readonly key: KeyObject;
  readonly extension: Buffer;
}

function certificate(issuer: { name: string; key: KeyObject }, subject: Subject): string {
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const now = Date.now();
  const body = sequence(
    der(0xa0, der(2, 2)),
    der(2, 1, ...randomBytes(8)),
    algorithm,
    distinguished(issuer.name),
    sequence(time(now - DAY_MS), time(now + DAY_MS)),
    distinguished(subject.name),
    subject.key.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(subject.extension)),
  );
  const signature = sign("sha256", body, issuer.key);
  const whole = sequence(body, algorithm, der(3, 0, ...signature));
  return new X509Certificate(whole).toString();
}

function distinguished(name: string): Buffer {
  return sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(name)))));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), der(4, value));
}

function time(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replace(/\.\d+|\D/g, "");
  return der(0x18, Buffer.from(`${digits.slice(0, 14)}Z`));
}

function oid(hex: string): Buffer {
  return der(6, Buffer.from(hex, "hex"));
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, ...parts);
}

/** Tag, length and content; numbers are single octets. */
function der(tag: number, ...parts: (Buffer | number)[]): Buffer {
  const content = Buffer.concat(
    parts.map((part) => (typeof part === "number" ? Buffer.of(part) : part)),
  );
  const { length } = content;
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...(length < 0x80 ? [length] : long)), content]);
}

function pem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

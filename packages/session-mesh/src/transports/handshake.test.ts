/** The proof of the secret as a state machine: honest peers, strangers, and those who cheat. */
import { createHash, hkdfSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  type Credentials,
  createCredentials,
  Handshake,
  type HandshakeStep,
  SECRETS_MAX,
} from "./handshake.js";

const OLD = "the old secret, long enough";
const NEW = "the new secret, long enough";

const shop = (...secrets: string[]): Credentials => createCredentials("shop", secrets);

/** Runs a handshake to its end; `tamper` may alter what travels. */
function run(
  dialling: Credentials,
  accepting: Credentials,
  tamper: (frame: Uint8Array, from: "dialer" | "acceptor") => Uint8Array = (frame) => frame,
): { dialer: HandshakeStep | undefined; acceptor: HandshakeStep | undefined } {
  const dialer = new Handshake("dialer", dialling);
  const acceptor = new Handshake("acceptor", accepting);
  const last: { dialer?: HandshakeStep; acceptor?: HandshakeStep } = {};
  const replyOf = (step: HandshakeStep): Uint8Array | undefined =>
    step.status === "malformed" ? undefined : step.reply;
  let frame = dialer.start();
  while (frame) {
    last.acceptor = acceptor.receive(tamper(frame, "dialer"));
    const answer = replyOf(last.acceptor);
    if (!answer) break;
    last.dialer = dialer.receive(tamper(answer, "acceptor"));
    frame = replyOf(last.dialer);
  }
  return { dialer: last.dialer, acceptor: last.acceptor };
}

const keyOf = (step: HandshakeStep | undefined): string => {
  if (step?.status !== "proved") throw new Error(`not proved: ${JSON.stringify(step)}`);
  return Buffer.from(step.keyMaterial).toString("hex");
};

const flip = (frame: Uint8Array, index: number): Uint8Array => {
  const copy = Uint8Array.from(frame);
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
};

describe("P12: peers that know the secret", () => {
  test("prove it to each other, and end with key material that only they share", () => {
    const first = run(shop(OLD), shop(OLD));
    expect(keyOf(first.dialer)).toBe(keyOf(first.acceptor));
    expect(keyOf(first.dialer)).toHaveLength(128);
    expect(keyOf(run(shop(OLD), shop(OLD)).dialer)).not.toBe(keyOf(first.dialer));
  });

  test.each([
    ["the dialer is a step ahead", shop(NEW, OLD), shop(OLD)],
    ["the acceptor is a step ahead", shop(OLD), shop(NEW, OLD)],
    ["each prefers another", shop(NEW, OLD), shop(OLD, NEW)],
    ["one has dropped the old one", shop(NEW), shop(OLD, NEW)],
  ])("while the secret rotates: %s", (_name, dialling, accepting) => {
    const { dialer, acceptor } = run(dialling, accepting);
    expect(keyOf(dialer)).toBe(keyOf(acceptor));
  });

  test("without a secret, where that is allowed, the cluster's name is what they share", () => {
    const { dialer, acceptor } = run(shop(), shop());
    expect(keyOf(dialer)).toBe(keyOf(acceptor));
  });

  test("P11: bytes that a newer version appends are covered, and otherwise ignored", () => {
    const credentials = shop(OLD);
    const dialer = new Handshake("dialer", credentials);
    const acceptor = new Handshake("acceptor", credentials);
    const open = dialer.start() as Uint8Array;
    const extended = Buffer.concat([open, Buffer.from("a field of tomorrow")]);
    expect(acceptor.receive(extended).status).toBe("waiting");
    // The dialer did not send them, so its proof does not cover them: nobody can add bytes unseen.
    const appended = run(credentials, credentials, (frame, from) =>
      from === "dialer" && frame[0] === 1 ? Buffer.concat([frame, Buffer.from("x")]) : frame,
    );
    expect(appended.acceptor).toMatchObject({ status: "refused", code: "proof" });
  });
});

describe("P12: strangers", () => {
  test.each([
    ["another secret", shop(NEW), shop(OLD)],
    ["no secret where one is needed", shop(), shop(OLD)],
    ["a secret where none is known", shop(OLD), shop()],
  ])("%s: both ends hear that the proof failed", (_name, dialling, accepting) => {
    const { dialer, acceptor } = run(dialling, accepting);
    expect(acceptor).toMatchObject({ status: "refused", code: "proof", byPeer: false });
    expect(dialer).toMatchObject({ status: "refused", code: "proof", byPeer: true });
  });

  test("who recorded the exchange and learns the secret later has not learned the keys", () => {
    const recorded: Uint8Array[] = [];
    const credentials = shop(OLD);
    const { dialer } = run(credentials, credentials, (frame) => {
      recorded.push(Uint8Array.from(frame));
      return frame;
    });
    const [open, challenge] = recorded as [Uint8Array, Uint8Array];
    const length = Buffer.of(0, 0, 0, open.length);
    const transcript = createHash("sha256").update(length).update(open).update(challenge).digest();
    const shares = [open.subarray(-32), challenge.subarray(-32)] as const;
    const derive = (...known: readonly Uint8Array[]): string => {
      const input = Buffer.concat([credentials.keys[0] as Uint8Array, ...known]);
      const keys = hkdfSync("sha256", input, transcript, "session-mesh link keys v1", 64);
      return Buffer.from(keys).toString("hex");
    };
    const guesses = [derive(), derive(shares[0]), derive(shares[1]), derive(...shares)];
    expect(guesses).not.toContain(keyOf(dialer));
  });

  test.each([
    ["zero", new Uint8Array(32)],
    ["one", Uint8Array.of(1, ...new Uint8Array(31))],
    ["minus one", Buffer.from(`ec${"ff".repeat(30)}7f`, "hex")],
  ])("a share of small order (%s) gives keys that everyone knows: malformed", (_name, share) => {
    const acceptor = new Handshake("acceptor", shop(OLD));
    const open = new Handshake("dialer", shop(OLD)).start() as Uint8Array;
    const weak = Buffer.concat([open.subarray(0, 56), share]);
    expect(acceptor.receive(weak).status).toBe("malformed");
    const dialer = new Handshake("dialer", shop(OLD));
    const asked = new Handshake("acceptor", shop(OLD)).receive(dialer.start() as Uint8Array);
    const challenge = (asked as { reply: Uint8Array }).reply;
    const answer = Buffer.concat([challenge.subarray(0, 40), share]);
    expect(dialer.receive(answer).status).toBe("malformed");
  });

  test("another cluster: refused before anything is proved", () => {
    const { dialer, acceptor } = run(createCredentials("blog", [OLD]), shop(OLD));
    expect(acceptor).toMatchObject({ status: "refused", code: "cluster", byPeer: false });
    expect(dialer).toMatchObject({ status: "refused", code: "cluster", byPeer: true });
  });

  test("another version of the exchange: refused as a matter of protocol", () => {
    const versionAt = 5;
    const { dialer, acceptor } = run(shop(OLD), shop(OLD), (frame, from) => {
      if (from === "acceptor" || frame[0] !== 1) return frame;
      const newer = Uint8Array.from(frame);
      newer[versionAt] = 9;
      return newer;
    });
    expect(acceptor).toMatchObject({ status: "refused", code: "protocol", byPeer: false });
    expect(dialer).toMatchObject({ status: "refused", code: "protocol", byPeer: true });
  });

  test("the proof of the dialer sent back to it proves nothing", () => {
    const dialer = new Handshake("dialer", shop(OLD));
    const open = dialer.start() as Uint8Array;
    const challenge = Uint8Array.of(2, ...open.subarray(1, 8), ...open.subarray(24, 88));
    const step = dialer.receive(challenge);
    const proof = step.status === "waiting" ? step.reply : new Uint8Array();
    expect(proof).toHaveLength(2 + 32);
    const reflected = Uint8Array.of(4, ...proof.subarray(2));
    expect(dialer.receive(reflected)).toMatchObject({ status: "refused", code: "proof" });
  });

  test("a proof answers one challenge only: replayed at another one it is worthless", () => {
    const credentials = shop(OLD);
    const dialer = new Handshake("dialer", credentials);
    const acceptor = new Handshake("acceptor", credentials);
    const other = new Handshake("acceptor", credentials);
    const open = dialer.start() as Uint8Array;
    const challenge = acceptor.receive(open);
    other.receive(open);
    const proof = dialer.receive((challenge as { reply: Uint8Array }).reply);
    const replayed = other.receive((proof as { reply: Uint8Array }).reply);
    expect(replayed).toMatchObject({ status: "refused", code: "proof" });
  });

  test("every byte of the exchange counts", () => {
    const credentials = shop(OLD);
    const lengths = { 1: 88, 2: 72, 3: 34, 4: 33 };
    for (const [kind, length] of Object.entries(lengths)) {
      for (let index = 0; index < length; index++) {
        const { dialer, acceptor } = run(credentials, credentials, (frame) =>
          frame[0] === Number(kind) ? flip(frame, index) : frame,
        );
        const areBothProved = dialer?.status === "proved" && acceptor?.status === "proved";
        expect(areBothProved, `byte ${index} of frame ${kind}`).toBe(false);
      }
    }
  });
});

describe("P12: malformed frames are a verdict, never a throw", () => {
  const start = (): Handshake => new Handshake("acceptor", shop(OLD));
  const opened = (): Handshake => {
    const acceptor = start();
    acceptor.receive(new Handshake("dialer", shop(OLD)).start() as Uint8Array);
    return acceptor;
  };

  test.each([
    ["nothing", new Uint8Array()],
    ["noise", Uint8Array.from({ length: 300 }, (_, i) => (i * 91) & 0xff)],
    ["the right kind and no more", Uint8Array.of(1)],
    ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["a cut opening", (new Handshake("dialer", shop(OLD)).start() as Uint8Array).subarray(0, 40)],
    ["a proof before the opening", Uint8Array.of(3, 1, ...new Uint8Array(32))],
    ["a refusal without a code", Uint8Array.of(5)],
    ["a refusal with an unknown code", Uint8Array.of(5, 200)],
  ])("%s", (_name, frame) => {
    expect(start().receive(frame).status).toBe("malformed");
  });

  test.each([
    ["no proof at all", Uint8Array.of(3, 0)],
    ["fewer proofs than it says", Uint8Array.of(3, 2, ...new Uint8Array(32))],
    ["more proofs than a node can have", Uint8Array.of(3, SECRETS_MAX + 1, ...new Uint8Array(400))],
    ["a second opening", new Handshake("dialer", shop(OLD)).start() as Uint8Array],
    ["the acceptor's own kind", Uint8Array.of(4, ...new Uint8Array(32))],
  ])("after the opening: %s", (_name, frame) => {
    expect(opened().receive(frame).status).toBe("malformed");
  });

  test("what a refusal says is cut and made printable before anyone logs it", () => {
    const words = Buffer.from(`\u001b[31m${"x".repeat(5_000)}`);
    const step = start().receive(Buffer.concat([Uint8Array.of(5, 0), words]));
    expect(step).toMatchObject({ status: "refused", byPeer: true });
    const { detail } = step as { detail: string };
    expect(detail).toHaveLength(200);
    expect(detail).toMatch(/^[\x20-\x7e]*$/);
  });
});

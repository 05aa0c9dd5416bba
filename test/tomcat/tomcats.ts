/**
 * Tomcats under test: compiles the manager and the application for a release, and runs each Tomcat as a
 * process of its own, so that it can be killed.
 *
 * Not here: the sidecars (test/interop/sidecars.ts), and what is tested.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileJar, tomcatLibraries, type TomcatRelease } from "@session-mesh/tomcat";

const SOURCES = join(dirname(fileURLToPath(import.meta.url)), "java");
const START_DEADLINE_MS = 60_000;

/** Why the tests of a release cannot run here; undefined if they can. */
export function missingFor(release: TomcatRelease): string | undefined {
  if (spawnSync("javac", ["-version"]).error) return "no javac: install default-jdk-headless";
  if (tomcatLibraries(release).length > 0) return undefined;
  return `no jars of Tomcat ${release}: install libtomcat${release}-java`;
}

/** Versions of the application: their classes `shop.*` differ. */
export type AppVersion = 1 | 2;

/** Attributes of the Manager in context.xml. */
export type ManagerOptions = Readonly<Record<string, string | number | boolean>>;

/** A Tomcat that serves. */
export interface Tomcat {
  readonly url: string;
  readonly child: ChildProcess;
  /** What it has logged. */
  log(): string;
  /** Stops it in order. */
  stop(): Promise<void>;
  /** Ends it at once. */
  kill(): Promise<void>;
}

/** Compiled little and soon: a test makes few requests. */
const QUICK_START = ["-XX:TieredStopAtLevel=1", "-Xmx192m", "-XX:+UseSerialGC"];

/** As people run it. */
const FAST = ["-Xms256m", "-Xmx256m", "-XX:+UseSerialGC"];

interface HowToStart {
  readonly java: readonly string[];
  readonly context?: string;
  readonly words?: readonly string[];
}

/** A release of Tomcat with the manager and the application compiled for it. */
export class TomcatFactory {
  readonly #release: TomcatRelease;
  readonly #directory = mkdtempSync(join(tmpdir(), "session-mesh-tomcat-test-"));
  readonly #running = new Set<Tomcat>();
  #count = 0;

  constructor(release: TomcatRelease) {
    this.#release = release;
    compileJar(join(this.#directory, "manager.jar"), tomcatLibraries(release));
    this.#compile(join(SOURCES, "server"), "server");
    for (const version of [1, 2]) this.#compileApp(version as AppVersion);
  }

  /** The manager's jar. */
  get jar(): string {
    return join(this.#directory, "manager.jar");
  }

  /** Starts one whose sidecar is at `port`. */
  start(
    port: number,
    options: { readonly version?: AppVersion; readonly manager?: ManagerOptions } = {},
  ): Promise<Tomcat> {
    const { version = 1, manager = {} } = options;
    return this.#start(version, { context: contextOf(port, manager), java: QUICK_START });
  }

  /** Starts one for measuring, its sidecar at `port`. */
  startFast(port: number): Promise<Tomcat> {
    return this.#start(1, { context: contextOf(port, {}), java: FAST });
  }

  /** Starts one for measuring whose sessions Tomcat itself replicates, between these two ports. */
  startReplicated(own: number, peer: number): Promise<Tomcat> {
    return this.#start(1, { java: FAST, words: [String(own), String(peer)] });
  }

  async #start(version: AppVersion, how: HowToStart): Promise<Tomcat> {
    const base = join(this.#directory, `tomcat-${(this.#count += 1)}`);
    const webapp = join(base, "webapp");
    cpSync(join(this.#directory, `app${version}`), webapp, { recursive: true });
    if (how.context !== undefined) {
      writeFileSync(join(webapp, "META-INF/context.xml"), how.context);
    }
    const tomcat = await this.#run([base, webapp, ...(how.words ?? [])], how.java);
    this.#running.add(tomcat);
    return tomcat;
  }

  /** Ends all, and removes what was compiled. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map((each) => each.kill()));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #run(words: readonly string[], java: readonly string[]): Promise<Tomcat> {
    const path = [join(this.#directory, "server"), this.jar, ...tomcatLibraries(this.#release)];
    const scan = "-Dtomcat.util.scan.StandardJarScanFilter.jarsToSkip=*.jar";
    const main = [scan, "-cp", path.join(":"), "server.Server", ...words];
    const child = spawn("java", [...java, ...main], { stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-65_536)));
    const end = async (how: () => void): Promise<void> => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      how();
      await once(child, "exit");
    };
    try {
      return {
        url: `http://127.0.0.1:${await portOf(child)}`,
        child,
        log: () => said,
        stop: () => end(() => child.stdin.end()),
        kill: () => end(() => child.kill("SIGKILL")),
      };
    } catch (error) {
      child.kill("SIGKILL");
      throw new Error(`${(error as Error).message}\n${said}`, { cause: error });
    }
  }

  #compileApp(version: AppVersion): void {
    const app = join(this.#directory, `app${version}`);
    mkdirSync(join(app, "META-INF"), { recursive: true });
    this.#compile(join(SOURCES, "app"), `app${version}/WEB-INF/classes`);
    this.#compile(join(SOURCES, `v${version}`), `app${version}/WEB-INF/classes`);
    cpSync(join(SOURCES, "web.xml"), join(app, "WEB-INF/web.xml"));
  }

  /** Compiles a directory; for Tomcat 9 with the old names of the servlet packages. */
  #compile(from: string, to: string): void {
    const sources = mkdtempSync(join(this.#directory, "source-"));
    const names = readdirSync(from, { recursive: true, encoding: "utf8" });
    const files = names
      .filter((name) => name.endsWith(".java"))
      .map((name, index) => {
        const text = readFileSync(join(from, name), "utf8");
        const file = join(sources, String(index), name.split("/").at(-1) as string);
        mkdirSync(dirname(file));
        writeFileSync(file, this.#release === "9" ? text.replaceAll("jakarta.", "javax.") : text);
        return file;
      });
    const out = join(this.#directory, to);
    mkdirSync(out, { recursive: true });
    const path = tomcatLibraries(this.#release).join(":");
    const javac = spawnSync("javac", ["-nowarn", "-d", out, "-cp", path, ...files], {
      encoding: "utf8",
    });
    if (javac.status !== 0) throw new Error(javac.stderr);
  }
}

/** The three lines that switch it on. */
function contextOf(port: number, manager: ManagerOptions): string {
  const attributes = { port, allow: "shop", ...manager };
  const text = Object.entries(attributes).map(([name, value]) => `${name}="${value}"`);
  return `<Context>
  <Manager className="sessionmesh.tomcat.MeshManager" ${text.join(" ")}/>
</Context>`;
}

function portOf(child: ChildProcess): Promise<number> {
  let said = "";
  return new Promise((resolve, reject) => {
    const late = setTimeout(reject, START_DEADLINE_MS, new Error("a Tomcat does not start"));
    child.once("exit", (code) => reject(new Error(`a Tomcat ended with ${code}`)));
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const port = /^port (\d+)$/m.exec(said)?.[1];
      if (port === undefined) return;
      clearTimeout(late);
      resolve(Number(port));
    });
  });
}

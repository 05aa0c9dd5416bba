/**
 * Tomcat on one machine: a base folder of its own on Debian's Tomcat, and the process.
 *
 * Not here: who keeps its sessions (session-managers.ts, sidecar.ts), and what it serves (webapps.ts).
 */
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Daemon } from "./daemon.js";
import { TOMCAT_HOME } from "./debian.js";
import type { Machine } from "./machines.js";
import type { Reaper } from "./reaper.js";
import type { ManagerXml } from "./session-managers.js";

/** What a Tomcat is made of. */
interface TomcatOptions {
  readonly machine: Machine;
  readonly folder: string;
  readonly manager: ManagerXml;
  /** Jars that it needs beside its own. */
  readonly jars: readonly string[];
  readonly reaper: Reaper;
}

/** Starts soon and stays small: the machines share few cores with all else. */
const JVM_OPTIONS = ["-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/** A Tomcat, running or not. */
export class Tomcat {
  readonly #options: TomcatOptions;
  #daemon: Daemon | undefined;

  private constructor(options: TomcatOptions) {
    this.#options = options;
  }

  /** Writes its base folder. It does not run yet, and serves nothing. */
  static async create(options: TomcatOptions): Promise<Tomcat> {
    const { folder, machine, manager, jars } = options;
    for (const part of ["conf", "lib", "logs", "temp", "webapps", "work"]) {
      await mkdir(join(folder, part), { recursive: true });
    }
    await writeFile(join(folder, "conf/server.xml"), serverXml(machine, manager));
    await writeFile(join(folder, "conf/context.xml"), contextXml(manager));
    await writeFile(join(folder, "conf/web.xml"), EMPTY_WEB_XML);
    for (const jar of jars) await cp(jar, join(folder, "lib", jar.split("/").at(-1) ?? ""));
    return new Tomcat(options);
  }

  get name(): string {
    return `tomcat-${this.#options.machine.number}`;
  }

  /** The process, while it runs. */
  get daemon(): Daemon | undefined {
    return this.#daemon;
  }

  /** Puts a webapp in the place of the one that is there. Only while it does not run. */
  async deploy(webapp: string): Promise<void> {
    const root = join(this.#options.folder, "webapps/ROOT");
    await rm(root, { recursive: true, force: true });
    await cp(webapp, root, { recursive: true });
  }

  start(): Daemon {
    const { folder, machine, reaper } = this.#options;
    const jars = ["bootstrap.jar", "tomcat-juli.jar"].map((jar) => join(TOMCAT_HOME, "bin", jar));
    const properties = {
      "catalina.home": TOMCAT_HOME,
      "catalina.base": folder,
      "java.io.tmpdir": join(folder, "temp"),
      "shop.node": this.name,
    };
    const defined = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`);
    const bootstrap = ["org.apache.catalina.startup.Bootstrap", "start"];
    const daemon = new Daemon({
      name: this.name,
      command: ["java", ...JVM_OPTIONS, ...defined, "-cp", jars.join(":"), ...bootstrap],
      namespace: machine.namespace,
      logFile: join(folder, "logs/tomcat.log"),
      reaper,
    });
    this.#daemon = daemon;
    return daemon;
  }
}

const EMPTY_WEB_XML = `<?xml version="1.0" encoding="UTF-8"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="5.0"/>
`;

function serverXml({ ports }: Machine, { engine }: ManagerXml): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Server port="-1">
  <Service name="Catalina">
    <Connector address="127.0.0.1" port="${ports.tomcat}" protocol="HTTP/1.1"
        maxThreads="100" keepAliveTimeout="120000" maxKeepAliveRequests="-1"/>
    <Engine name="Catalina" defaultHost="localhost">
    ${engine}
      <Host name="localhost" appBase="webapps" autoDeploy="false"/>
    </Engine>
  </Service>
</Server>
`;
}

function contextXml({ context }: ManagerXml): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Context>
${context}</Context>
`;
}

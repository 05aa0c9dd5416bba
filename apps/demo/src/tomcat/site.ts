/**
 * The shop on two machines: on each httpd, Tomcat and, with the mesh, a sidecar; HAProxy above.
 *
 * Not here: what happens to it, and when (storyline.ts).
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { send } from "../users/http-client.js";
import type { Server } from "../users/storefront.js";
import { startApache } from "./apache.js";
import type { Daemon } from "./daemon.js";
import { Haproxy } from "./haproxy.js";
import { type Machine, type Machines, openMachines } from "./machines.js";
import type { Reaper } from "./reaper.js";
import { type ManagerName, meshXml, ownManagerXml } from "./session-managers.js";
import { Sidecar, tomcatJar } from "./sidecar.js";
import { Tomcat } from "./tomcat.js";
import { buildWebapps, type Webapps } from "./webapps.js";

/** What a site is made of. */
interface SiteOptions {
  readonly manager: ManagerName;
  /** The shop's new version is the old one. */
  readonly hasSameClasses: boolean;
  /** Where everything of it is written; it must not be there yet. */
  readonly folder: string;
  readonly reaper: Reaper;
  readonly say: (line: string) => void;
}

/** One machine's part of the site. */
export interface Place {
  readonly machine: Machine;
  readonly tomcat: Tomcat;
  /** Undefined where Tomcat's own managers share the sessions. */
  readonly sidecar: Sidecar | undefined;
  /** What is wrong with it on purpose at the moment. */
  isOut: boolean;
}

/** So long that only what hangs exceeds it, on however busy a machine. */
const READY_DEADLINE_MS = 300_000;
const READY_POLL_MS = 100;
/** How long those who cannot be asked are given to find one another after a cut. */
const MEETING_MS = 10_000;
const MIB = 1_048_576;

/** The whole site. */
export class Site {
  readonly machines: Machines;
  readonly places: readonly Place[];
  readonly webapps: Webapps;
  readonly haproxy: Haproxy;

  private constructor(
    site: Omit<Site, "servers" | "untilWell" | "untilMet" | "startTomcat" | "doorOf" | "memoryMb">,
  ) {
    this.machines = site.machines;
    this.places = site.places;
    this.webapps = site.webapps;
    this.haproxy = site.haproxy;
  }

  /** Builds and starts everything; resolves when every machine answers. */
  static async open(options: SiteOptions): Promise<Site> {
    const { folder, reaper, say } = options;
    await mkdir(folder, { recursive: true });
    const machines = await openMachines(reaper);
    say(`${machines.kind}; the shop's two versions are compiled`);
    const built = await buildWebapps(join(folder, "webapps"));
    const webapps = options.hasSameClasses ? { ...built, v2: built.v1 } : built;
    const jars = options.manager === "mesh" ? [await tomcatJar(join(folder, "jars"))] : [];
    const common = { ...options, jars, secret: crypto.randomUUID() };
    const places = await Promise.all(machines.all.map((one) => openPlace(one, machines, common)));
    for (const { tomcat, sidecar } of places) {
      sidecar?.start();
      await tomcat.deploy(webapps.v1);
      tomcat.start();
    }
    const apaches = await Promise.all(
      machines.all.map((one) => startApache(one, join(folder, `httpd-${one.number}`), reaper)),
    );
    // With a session's cookie, so that who keeps sessions is asked too.
    const check = { path: "/readyz", headers: { Cookie: "JSESSIONID=health" } };
    const haproxy = await Haproxy.start(machines, { folder, check, reaper });
    const site = new Site({ machines, places, webapps, haproxy });
    for (const place of places) await site.untilWell(place, [haproxy.daemon, ...apaches]);
    return site;
  }

  /** Of those that are well, their doors past the balancer. */
  servers(): Server[] {
    return this.places
      .filter(({ isOut }) => !isOut)
      .map((place) => ({ node: place.tomcat.name, origin: this.doorOf(place) }));
  }

  /** The door that leads to one machine alone. */
  doorOf({ machine }: Place): string {
    return this.haproxy.sideUrls[machine.number === 1 ? 0 : 1];
  }

  /** Starts a Tomcat that has ended; resolves when it serves again. */
  async startTomcat(place: Place): Promise<void> {
    place.tomcat.start();
    await this.untilWell(place);
  }

  /** Resolves when a machine answers and health checks have seen it. Rejects when it ends instead. */
  async untilWell(place: Place, needed: readonly Daemon[] = []): Promise<void> {
    const startedAtMs = performance.now();
    const { tomcat, sidecar, machine } = place;
    while (
      !((await this.haproxy.isUp(machine).catch(() => false)) && (await this.#answers(place)))
    ) {
      const own = [tomcat.daemon, sidecar?.daemon].filter((daemon) => daemon !== undefined);
      const daemons = [...needed, ...own];
      const ended = daemons.find(({ hasEnded }) => hasEnded);
      if (ended) throw new Error(`${ended.name} ended instead of serving:\n${ended.logTail()}`);
      if (performance.now() - startedAtMs > READY_DEADLINE_MS) {
        throw new Error(`waited in vain for ${tomcat.name}:\n${tomcat.daemon?.logTail()}`);
      }
      await sleep(READY_POLL_MS);
    }
    place.isOut = false;
  }

  /** Resolves when the machines share sessions again after they were apart. */
  async untilMet(): Promise<void> {
    const sidecars = this.places.flatMap(({ sidecar }) => (sidecar ? [sidecar] : []));
    if (sidecars.length === 0) return void (await sleep(MEETING_MS));
    const startedAtMs = performance.now();
    while (performance.now() - startedAtMs < READY_DEADLINE_MS) {
      const counts = await Promise.all(sidecars.map((sidecar) => sidecar.peerCount()));
      if (counts.every((count) => count === sidecars.length - 1)) return;
      await sleep(READY_POLL_MS);
    }
    throw new Error("the sidecars do not find one another after the heal");
  }

  /** Resident memory of Tomcat and sidecar, on average of both machines. */
  memoryMb(): number {
    const daemons = this.places.flatMap(({ tomcat, sidecar }) => [tomcat.daemon, sidecar?.daemon]);
    const bytes = daemons.reduce((sum, daemon) => sum + (daemon?.memoryBytes ?? 0), 0);
    return Math.round(bytes / this.places.length / MIB);
  }

  async #answers(place: Place): Promise<boolean> {
    const asked = { method: "GET", timeoutMs: 5_000 } as const;
    const answer = await send(`${this.doorOf(place)}/readyz`, asked).catch(() => undefined);
    return answer?.status === 200;
  }
}

async function openPlace(
  machine: Machine,
  { all }: Machines,
  options: SiteOptions & { secret: string; jars: readonly string[] },
): Promise<Place> {
  const { manager, folder, secret, jars, reaper } = options;
  const others = all.filter(({ number }) => number !== machine.number);
  const sharedFolder = join(folder, "shared-sessions");
  await mkdir(sharedFolder, { recursive: true });
  const isMesh = manager === "mesh";
  const sidecar = isMesh
    ? await Sidecar.create({ machine, others, folder, secret, reaper })
    : undefined;
  const tomcat = await Tomcat.create({
    machine,
    folder: join(folder, `tomcat-${machine.number}`),
    manager: isMesh ? meshXml(machine) : ownManagerXml(manager, machine, { others, sharedFolder }),
    jars,
    reaper,
  });
  return { machine, tomcat, sidecar, isOut: true };
}

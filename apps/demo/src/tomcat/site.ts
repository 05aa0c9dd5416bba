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
import { type ManagerName, type ManagerXml, ownManagerXml } from "./session-managers.js";
import { Tomcat } from "./tomcat.js";
import { buildWebapps, type Webapps } from "./webapps.js";

/** What a site is made of. */
interface SiteOptions {
  readonly manager: ManagerName;
  /** Where everything of it is written; it must not be there yet. */
  readonly folder: string;
  readonly reaper: Reaper;
  readonly say: (line: string) => void;
}

/** One machine's part of the site. */
export interface Place {
  readonly machine: Machine;
  readonly tomcat: Tomcat;
  /** What is wrong with it on purpose at the moment. */
  isOut: boolean;
}

/** So long that only what hangs exceeds it, on however busy a machine. */
const READY_DEADLINE_MS = 180_000;
const READY_POLL_MS = 100;

/** The whole site. */
export class Site {
  readonly machines: Machines;
  readonly places: readonly Place[];
  readonly webapps: Webapps;
  readonly haproxy: Haproxy;

  private constructor(site: Omit<Site, "servers" | "untilWell" | "startTomcat" | "doorOf">) {
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
    const webapps = await buildWebapps(join(folder, "webapps"));
    const places = await Promise.all(machines.all.map((one) => openPlace(one, machines, options)));
    for (const { tomcat } of places) {
      await tomcat.deploy(webapps.v1);
      tomcat.start();
    }
    const apaches = await Promise.all(
      machines.all.map((one) => startApache(one, join(folder, `httpd-${one.number}`), reaper)),
    );
    const check = { path: "/readyz", headers: {} };
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
    const { tomcat, machine } = place;
    while (
      !((await this.haproxy.isUp(machine).catch(() => false)) && (await this.#answers(place)))
    ) {
      const daemons = [...needed, ...(tomcat.daemon ? [tomcat.daemon] : [])];
      const ended = daemons.find(({ hasEnded }) => hasEnded);
      if (ended) throw new Error(`${ended.name} ended instead of serving:\n${ended.logTail()}`);
      if (performance.now() - startedAtMs > READY_DEADLINE_MS) {
        throw new Error(`waited in vain for ${tomcat.name}:\n${tomcat.daemon?.logTail()}`);
      }
      await sleep(READY_POLL_MS);
    }
    place.isOut = false;
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
  { manager, folder, reaper }: SiteOptions,
): Promise<Place> {
  const others = all.filter(({ number }) => number !== machine.number);
  const sharedFolder = join(folder, "shared-sessions");
  await mkdir(sharedFolder, { recursive: true });
  const xml: ManagerXml =
    manager === "mesh"
      ? { engine: "", context: "" }
      : ownManagerXml(manager, machine, { others, sharedFolder });
  const tomcatFolder = join(folder, `tomcat-${machine.number}`);
  const options = { machine, folder: tomcatFolder, manager: xml, jars: [], reaper };
  return { machine, tomcat: await Tomcat.create(options), isOut: true };
}

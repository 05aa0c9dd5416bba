/**
 * HAProxy, the load balancer above both machines: round robin, health checks, no stickiness.
 *
 *   door    ─▶ either machine, whichever is next       what all users come in by
 *   side 1  ─▶ machine 1 alone,   side 2 ─▶ machine 2  while the machines are cut off one another
 *
 * A request goes to the other machine when it was refused (503: there is no Tomcat, or nobody who keeps
 * its sessions), and reads also when they broke off; any other write may have been done, so its client
 * is told.
 *
 * Not here: httpd (apache.ts).
 */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../free-port.js";
import { SERVER_HEADER } from "../users/storefront.js";
import { Daemon } from "./daemon.js";
import { programPath } from "./debian.js";
import type { Machine, Machines } from "./machines.js";
import type { Reaper } from "./reaper.js";

/** What a health check asks each machine's httpd for. */
export interface HealthCheck {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Tells the client how often its request was sent once more: "0", "2", or "+2" if elsewhere. */
export const RETRIES_HEADER = "demo-retries";

const POLL_MS = 50;
/** So long that only what hangs exceeds it, on however busy a machine. */
const IDLE_DEADLINE_MS = 60_000;
const RETRIES = 10;
/** The two halves of a door: what may be asked twice, and what may not. */
const READS = "conn-failure empty-response junk-response response-timeout 502 503 504";
const WRITES = "conn-failure 503";

/** The balancer, while it runs. */
export class Haproxy {
  /** Where all users come in. */
  readonly url: string;
  /** The doors of the machines alone, in their order. */
  readonly sideUrls: readonly [string, string];
  readonly daemon: Daemon;
  readonly #adminSocket: string;

  private constructor(ports: readonly number[], daemon: Daemon, adminSocket: string) {
    const [door, side1, side2] = ports.map((port) => `http://127.0.0.1:${port}`);
    this.url = door ?? "";
    this.sideUrls = [side1 ?? "", side2 ?? ""];
    this.daemon = daemon;
    this.#adminSocket = adminSocket;
  }

  /** Starts it in `folder`. The doors are on this machine's loopback, beyond them is the hub. */
  static async start(
    machines: Machines,
    options: { folder: string; check: HealthCheck; reaper: Reaper },
  ): Promise<Haproxy> {
    const { folder, check, reaper } = options;
    const ports = [await freePort(), await freePort(), await freePort()];
    const adminSocket = join(folder, "haproxy.sock");
    const file = join(folder, "haproxy.cfg");
    await writeFile(file, configuration(machines, { ports, adminSocket, check }));
    const daemon = new Daemon({
      name: "haproxy",
      command: [programPath("haproxy"), "-db", "-f", file],
      namespace: undefined,
      logFile: join(folder, "haproxy.log"),
      reaper,
    });
    return new Haproxy(ports, daemon, adminSocket);
  }

  /** Lets a machine finish what it has and gives it nothing more; resolves when it has nothing. */
  async drain(machine: Machine): Promise<void> {
    await this.#setState(machine, "drain");
    const startedAtMs = performance.now();
    while ((await this.#inFlightCount(machine)) > 0) {
      if (performance.now() - startedAtMs > IDLE_DEADLINE_MS) throw new Error("drained in vain");
      await sleep(POLL_MS);
    }
  }

  /** Gives a drained machine requests again. */
  async restore(machine: Machine): Promise<void> {
    await this.#setState(machine, "ready");
  }

  /** Whether health checks find the machine well, and those of its own door too. */
  async isUp(machine: Machine): Promise<boolean> {
    const rows = await this.#rowsOf(machine);
    return rows.length > 0 && rows.every(({ status = "" }) => /^(UP|DRAIN)/.test(status));
  }

  async #inFlightCount(machine: Machine): Promise<number> {
    const rows = await this.#rowsOf(machine);
    return rows.reduce((sum, { scur = "0" }) => sum + Number(scur), 0);
  }

  async #setState(machine: Machine, state: "drain" | "ready"): Promise<void> {
    for (const half of ["reads", "writes"]) {
      await this.#ask(`set server ${half}/${nameOf(machine)} state ${state}`);
    }
  }

  async #rowsOf(machine: Machine): Promise<Readonly<Record<string, string>>[]> {
    const [head = "", ...rows] = (await this.#ask("show stat")).replace(/^# /, "").split("\n");
    const columns = head.split(",");
    return rows
      .map((row) => {
        const cells = row.split(",");
        return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ""]));
      })
      .filter(({ svname }) => svname === nameOf(machine));
  }

  async #ask(command: string): Promise<string> {
    const socket = connect(this.#adminSocket);
    socket.setEncoding("utf8");
    let text = "";
    socket.on("data", (chunk: string) => (text += chunk));
    socket.end(`${command}\n`);
    await once(socket, "close");
    return text;
  }
}

function nameOf({ number }: Machine): string {
  return `tomcat-${number}`;
}

function configuration(
  { all, hub }: Machines,
  {
    ports,
    adminSocket,
    check,
  }: { ports: readonly number[]; adminSocket: string; check: HealthCheck },
): string {
  const doors = [
    { name: "", machines: all },
    ...all.map((machine) => ({ name: String(machine.number), machines: [machine] })),
  ];
  return `global
  stats socket ${adminSocket} level admin
  maxconn 4096
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 120s
  timeout server 60s
  timeout check 20s
  timeout http-keep-alive 120s
  balance roundrobin
  # httpd closes without a word when a Tomcat breaks off under a later request of a connection.
  option http-server-close
  retries ${RETRIES}
  option redispatch 1
  option httpchk
  http-check send meth GET uri ${check.path} ver HTTP/1.1 hdr Host shop${headersOf(check)}
  http-check expect status 200
  default-server check inter 500ms fastinter 200ms fall 2 rise 2
${doors.map(({ name, machines }, index) => door(name, ports[index] ?? 0, { machines, hub })).join("")}`;
}

function door(
  name: string,
  port: number,
  { machines, hub }: { machines: readonly Machine[]; hub: string | undefined },
): string {
  const inside = hub === undefined ? "" : ` namespace ${hub}`;
  const servers = machines
    .map((machine) => {
      const { address, ports } = machine;
      return `  server ${nameOf(machine)} ${address}:${ports.apache}${inside}\n`;
    })
    .join("");
  return `frontend door${name}
  bind 127.0.0.1:${port}
  http-after-response set-header ${SERVER_HEADER} %s
  http-after-response set-header ${RETRIES_HEADER} %rc
  use_backend reads${name} if METH_GET
  default_backend writes${name}
backend reads${name}
  retry-on ${READS}
${servers}backend writes${name}
  retry-on ${WRITES}
${servers}`;
}

function headersOf({ headers }: HealthCheck): string {
  return Object.entries(headers)
    .map(([name, value]) => ` hdr ${name} ${value}`)
    .join("");
}

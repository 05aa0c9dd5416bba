/**
 * Apache httpd before one machine's Tomcat, as it stands before many.
 *
 * Not here: the balancer above (haproxy.ts).
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Daemon } from "./daemon.js";
import { programPath } from "./debian.js";
import type { Machine } from "./machines.js";
import type { Reaper } from "./reaper.js";

const MODULES = "/usr/lib/apache2/modules";
const MODULE_NAMES = ["mpm_event", "authz_core", "proxy", "proxy_http"];

/** Starts httpd in `folder`. */
export async function startApache(
  machine: Machine,
  folder: string,
  reaper: Reaper,
): Promise<Daemon> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, "httpd.conf");
  await writeFile(file, configuration(machine, folder));
  return new Daemon({
    name: `httpd ${machine.number}`,
    command: [programPath("apache2"), "-d", folder, "-f", file, "-DFOREGROUND"],
    namespace: machine.namespace,
    logFile: join(folder, "httpd.log"),
    reaper,
  });
}

function configuration({ address, ports }: Machine, folder: string): string {
  const isRoot = process.getuid?.() === 0;
  return `ServerName shop
Listen ${address}:${ports.apache}
PidFile ${folder}/httpd.pid
ErrorLog ${folder}/error.log
DefaultRuntimeDir ${folder}
${MODULE_NAMES.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join("\n")}
${isRoot ? "User www-data\nGroup www-data" : ""}
StartServers 1
ServerLimit 4
ThreadsPerChild 64
MaxRequestWorkers 256
KeepAliveTimeout 120
MaxKeepAliveRequests 0
Timeout 60
ProxyRequests Off
# A Tomcat that is back is asked at once; that it was away is for the balancer to remember.
ProxyPass / http://127.0.0.1:${ports.tomcat}/ retry=0
`;
}

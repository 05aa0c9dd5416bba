/**
 * The Debian programs that the demo runs, and where they are.
 *
 * Not here: how they are configured.
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Tomcat's own files. */
export const TOMCAT_HOME = "/usr/share/tomcat10";
/** What a webapp is compiled against. */
export const SERVLET_API = "/usr/share/java/tomcat10-servlet-api.jar";

const SBIN = ["/usr/sbin", "/sbin"];

interface Need {
  readonly package: string;
  readonly isThere: () => boolean;
}

const NEEDS: readonly Need[] = [
  { package: "tomcat10", isThere: () => existsSync(join(TOMCAT_HOME, "bin/bootstrap.jar")) },
  { package: "default-jdk-headless", isThere: () => hasProgram("javac") },
  { package: "apache2", isThere: () => hasProgram("apache2") },
  { package: "haproxy", isThere: () => hasProgram("haproxy") },
];

/** What two machines need where this is root. */
const ROOT_NEEDS: readonly Need[] = [
  { package: "iproute2", isThere: () => hasProgram("ip") },
  { package: "nftables", isThere: () => hasProgram("nft") },
];

/** The packages that lack here. */
export function missingPackages(): string[] {
  const needs = process.getuid?.() === 0 ? [...NEEDS, ...ROOT_NEEDS] : NEEDS;
  return needs.filter(({ isThere }) => !isThere()).map((need) => need.package);
}

/** Where a program is; its bare name where it is not. Debian's daemons are in no user's PATH. */
export function programPath(name: string): string {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...SBIN];
  const paths = folders.filter((folder) => folder !== "").map((folder) => join(folder, name));
  return paths.find((path) => existsSync(path)) ?? name;
}

function hasProgram(name: string): boolean {
  return programPath(name) !== name;
}

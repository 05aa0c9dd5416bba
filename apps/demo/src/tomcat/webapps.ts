/**
 * The shop's two versions, compiled: a folder each, as Tomcat serves it.
 *
 * Not here: their sources (../../tomcat-shop), and where they are deployed (tomcat.ts).
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { SERVLET_API } from "./debian.js";

/** Both versions of the webapp: folders to be copied. */
export interface Webapps {
  readonly v1: string;
  readonly v2: string;
}

const SOURCES = fileURLToPath(new URL("../../tomcat-shop", import.meta.url));
const RELEASE = "17";

const WEB_XML = `<?xml version="1.0" encoding="UTF-8"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="5.0" metadata-complete="true">
  <distributable/>
  <servlet>
    <servlet-name>shop</servlet-name>
    <servlet-class>shop.Shop</servlet-class>
  </servlet>
  <servlet-mapping>
    <servlet-name>shop</servlet-name>
    <url-pattern>/</url-pattern>
  </servlet-mapping>
</web-app>
`;

const run = promisify(execFile);

/** Compiles both into `folder`. Rejects with what javac says. */
export async function buildWebapps(folder: string): Promise<Webapps> {
  const [v1, v2] = await Promise.all([build("v1", folder), build("v2", folder)]);
  return { v1, v2 };
}

async function build(version: "v1" | "v2", folder: string): Promise<string> {
  const webapp = join(folder, version);
  const classes = join(webapp, "WEB-INF/classes");
  await mkdir(classes, { recursive: true });
  await writeFile(join(webapp, "WEB-INF/web.xml"), WEB_XML);
  const sources = [await javaFiles("both"), await javaFiles(version)].flat();
  const options = ["-Xlint:all", "-Werror", "--release", RELEASE, "-cp", SERVLET_API];
  await run("javac", [...options, "-d", classes, ...sources]);
  return webapp;
}

async function javaFiles(part: string): Promise<string[]> {
  const folder = join(SOURCES, part, "shop");
  return (await readdir(folder)).map((name) => join(folder, name));
}

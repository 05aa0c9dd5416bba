/**
 * Makes one jar of the Java sources, for one release of Tomcat, with the compiler of this machine.
 *
 * The sources name no servlet type (Tomcat 9 has them in `javax`, 10.1 in `jakarta`), so they are
 * compiled as they are against either, for Java 8: Tomcat 9 runs on that, and what is compiled against
 * 10.1 comes out byte for byte the same.
 *
 * Not here: where the jars are put (place-jars.ts).
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The releases that the manager is made for. 11 is untested. */
export const TOMCATS = ["9", "10"] as const;

/** 9, or 10 for 10.1. */
export type TomcatRelease = (typeof TOMCATS)[number];

/** A jar could not be made; the text says what is missing and how to get it. Nothing was written. */
export class TomcatJarError extends Error {
  override readonly name: string = "TomcatJarError";
}

const SOURCES = join(dirname(fileURLToPath(import.meta.url)), "../java");

/** The jars of a Tomcat release where Debian's packages put them; empty where there are none. */
export function tomcatLibraries(release: TomcatRelease): readonly string[] {
  // Each is there twice, once with its version: that name is left out.
  return jarsIn("/usr/share/java", new RegExp(`^tomcat${release}-[a-z-]+\\.jar$`));
}

/** The jars of an unpacked Tomcat, by its `lib` directory; one that is needed lies in `bin`. */
export function librariesOf(lib: string): readonly string[] {
  return [...jarsIn(lib, /\.jar$/), ...jarsIn(join(lib, "../bin"), /^tomcat-juli\.jar$/)];
}

function jarsIn(directory: string, pattern: RegExp): readonly string[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => pattern.test(name));
  return names.map((name) => join(directory, name));
}

/**
 * Writes a jar made of the sources to `file`, compiled against the jars in `libraries`.
 * Throws {@link TomcatJarError} where the JDK or Tomcat is missing, or the compiler has complaints.
 */
export function compileJar(file: string, libraries: readonly string[]): void {
  if (libraries.length === 0) {
    throw new TomcatJarError(
      "there are no jars of Tomcat to compile against: name its lib directory with --tomcat-lib," +
        " or install Debian's libtomcat9-java or libtomcat10-java",
    );
  }
  const classes = mkdtempSync(join(tmpdir(), "session-mesh-tomcat-"));
  try {
    const options = ["--release", "8", "-encoding", "UTF-8", "-Xlint:-options", "-d", classes];
    run("javac", [...options, "-cp", libraries.join(":"), ...javaSources(SOURCES)]);
    mkdirSync(dirname(file), { recursive: true });
    run("jar", ["--create", "--file", file, "-C", classes, "."]);
  } finally {
    rmSync(classes, { recursive: true, force: true });
  }
}

function javaSources(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".java"))
    .map((name) => join(directory, name));
}

function run(program: string, options: readonly string[]): void {
  const { error, status, stderr } = spawnSync(program, options, { encoding: "utf8" });
  if (error) {
    throw new TomcatJarError(
      `${program} cannot be run: install a JDK (Debian: default-jdk-headless), 11 or later`,
    );
  }
  if (status !== 0) throw new TomcatJarError(`${program} failed:\n${stderr}`);
}

/**
 * Puts the jars where somebody wants them: those that came with the package, or made now.
 *
 * A published package brings them along. In a clone they are made when it is built, if there is a JDK
 * and a Tomcat to compile against; if not, when they are asked for. So a clone without a JDK builds and
 * passes its tests, and only who wants the jars needs one.
 *
 * Not here: compiling (compile-jar.ts).
 */
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  compileJar,
  librariesOf,
  TOMCATS,
  tomcatLibraries,
  type TomcatRelease,
} from "./compile-jar.js";

const BUILT = join(dirname(fileURLToPath(import.meta.url)), "../dist/jars");

/**
 * Writes `session-mesh-tomcat9.jar` and `session-mesh-tomcat10.jar` into a directory, which is made if
 * need be, and returns their paths. `tomcatLib`: compile now, against the jars of that directory; the
 * jar for both releases is then the same, as it is anyhow.
 * Throws TomcatJarError where they did not come with the package and cannot be made.
 */
export function placeJars(directory: string, tomcatLib?: string): readonly string[] {
  mkdirSync(directory, { recursive: true });
  return TOMCATS.map((release) => {
    const file = join(directory, jarName(release));
    const built = join(BUILT, jarName(release));
    if (tomcatLib === undefined && existsSync(built)) copyFileSync(built, file);
    else compileJar(file, tomcatLib === undefined ? libraries(release) : librariesOf(tomcatLib));
    return file;
  });
}

/** Makes the jars that go with the package. */
export function buildJars(): void {
  for (const release of TOMCATS) {
    compileJar(join(BUILT, jarName(release)), libraries(release));
  }
}

/** What to compile against: the other release where only that is installed, for it comes out alike. */
function libraries(release: TomcatRelease): readonly string[] {
  const own = tomcatLibraries(release);
  return own.length > 0 ? own : TOMCATS.flatMap((each) => tomcatLibraries(each));
}

function jarName(release: TomcatRelease): string {
  return `session-mesh-tomcat${release}.jar`;
}

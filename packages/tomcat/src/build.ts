/**
 * The last step of this package's build: the jars that go with it, where this machine can make them.
 *
 * With `--required` (before publishing) a machine that cannot is an error. Not compiling itself.
 */
import { TomcatJarError } from "./compile-jar.js";
import { buildJars } from "./place-jars.js";

try {
  buildJars();
} catch (error) {
  if (!(error instanceof TomcatJarError)) throw error;
  process.stderr.write(`the jars for Tomcat were not made: ${error.message}\n`);
  if (process.argv.includes("--required")) process.exitCode = 1;
}

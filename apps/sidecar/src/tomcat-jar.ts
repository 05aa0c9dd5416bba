/**
 * The verb `tomcat-jar`: puts the jars that keep Tomcat's sessions in the mesh where they are wanted.
 *
 * Not here: making them (@session-mesh/tomcat).
 */
import { placeJars, TomcatJarError } from "@session-mesh/tomcat";
import { Command } from "commander";

/** The verb; `log` takes what went wrong, in lines for people. */
export function tomcatJarVerb(log: (line: string) => void): Command {
  return new Command("tomcat-jar")
    .description("writes the jars for Tomcat 9 and 10.1 into a directory, such as Tomcat's lib")
    .argument("<directory>", "where to; made if need be")
    .option("--tomcat-lib <directory>", "compile them against the jars of this Tomcat's lib")
    .action((directory: string, { tomcatLib }: { tomcatLib?: string }) => {
      try {
        for (const file of placeJars(directory, tomcatLib)) process.stdout.write(`${file}\n`);
      } catch (error) {
        if (!(error instanceof TomcatJarError)) throw error;
        log(`session-mesh: ${error.message}`);
        process.exitCode = 1;
      }
    });
}

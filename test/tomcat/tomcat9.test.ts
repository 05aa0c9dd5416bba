/** Sessions of Tomcat 9 in the mesh: the suites, on two Tomcats and a third with another version. */
import { afterAll, beforeAll, describe } from "vitest";
import { type Cluster, startCluster } from "./cluster.js";
import { failures } from "./failures.suite.js";
import { responses } from "./responses.suite.js";
import { sessions } from "./sessions.suite.js";
import { missingFor } from "./tomcats.js";

const START_DEADLINE_MS = 180_000;
const missing = missingFor("9");
if (missing !== undefined) process.stderr.write(`Tomcat 9 is left out: ${missing}\n`);

describe.skipIf(missing !== undefined)("Tomcat 9", { timeout: 60_000 }, () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster("9");
  }, START_DEADLINE_MS);
  afterAll(() => cluster.stop(), START_DEADLINE_MS);

  const started = (): Cluster => cluster;
  responses(started);
  sessions(started);
  failures(started);
});

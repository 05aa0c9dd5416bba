/**
 * Who keeps the sessions of the two Tomcats: the mesh, or what Tomcat brings along. What each adds to
 * Tomcat's configuration.
 *
 * Not here: the rest of that configuration (tomcat.ts), and the sidecar (sidecar.ts).
 */
import type { Machine } from "./machines.js";

/** The ways to share sessions that the demo knows. */
export const MANAGERS = ["mesh", "delta", "delta-sync", "filestore"] as const;

/** One of {@link MANAGERS}. */
export type ManagerName = (typeof MANAGERS)[number];

/** What a way to share sessions adds to Tomcat's configuration. */
export interface ManagerXml {
  /** In `server.xml`, within `<Engine>`. */
  readonly engine: string;
  /** In `context.xml`, within `<Context>`. */
  readonly context: string;
}

/** For people: who keeps the sessions. */
export const MANAGER_TITLES: Readonly<Record<ManagerName, string>> = {
  mesh: "session-mesh: a valve in Tomcat, a sidecar on each machine",
  delta: "Tomcat's DeltaManager, as it is set by default (asynchronous)",
  "delta-sync": "Tomcat's DeltaManager, synchronous with acknowledgement",
  filestore: "Tomcat's PersistentManager with a FileStore in a directory that both share",
};

/** Longer than a sidecar waits for its peers here (sidecar.ts). */
const SIDECAR_TIMEOUT_MS = 20_000;

/** Channel options: 8 asynchronous; 6 = 2 acknowledged + 4 synchronised, as Tomcat numbers them. */
const SEND_OPTIONS = { delta: 8, "delta-sync": 6 } as const;

/** What Tomcat is told of the sidecar on its machine: the lines of docs/TOMCAT.md. */
export function meshXml({ ports }: Machine): ManagerXml {
  return {
    engine: "",
    context: `  <Manager className="sessionmesh.tomcat.MeshManager" port="${ports.redis}"
      allow="shop" timeoutMs="${SIDECAR_TIMEOUT_MS}"/>
`,
  };
}

/** What Tomcat on `machine` is told when its own managers share the sessions. */
export function ownManagerXml(
  name: Exclude<ManagerName, "mesh">,
  machine: Machine,
  { others, sharedFolder }: { others: readonly Machine[]; sharedFolder: string },
): ManagerXml {
  if (name === "filestore") return { engine: "", context: fileStore(sharedFolder) };
  return { engine: cluster(SEND_OPTIONS[name], machine, others), context: "" };
}

function fileStore(folder: string): string {
  return `  <Valve className="org.apache.catalina.valves.PersistentValve"/>
  <Manager className="org.apache.catalina.session.PersistentManager" saveOnRestart="false">
    <Store className="org.apache.catalina.session.FileStore" directory="${folder}"/>
  </Manager>
`;
}

/** Members are named, not found by multicast, which few networks carry. */
function cluster(sendOptions: number, machine: Machine, others: readonly Machine[]): string {
  const tribes = "org.apache.catalina.tribes";
  const interceptor = (name: string, inside = ""): string =>
    `<Interceptor className="${tribes}.group.interceptors.${name}">${inside}</Interceptor>`;
  const members = others.map((other) => memberXml("Member", other)).join("");
  return `<Cluster className="org.apache.catalina.ha.tcp.SimpleTcpCluster"
      channelSendOptions="${sendOptions}" channelStartOptions="3">
    <Manager className="org.apache.catalina.ha.session.DeltaManager"
        expireSessionsOnShutdown="false" notifyListenersOnReplication="true"/>
    <Channel className="${tribes}.group.GroupChannel">
      <Receiver className="${tribes}.transport.nio.NioReceiver"
          address="${machine.address}" port="${machine.ports.cluster}" autoBind="0"/>
      <Sender className="${tribes}.transport.ReplicationTransmitter">
        <Transport className="${tribes}.transport.nio.PooledParallelSender"/>
      </Sender>
      ${interceptor("TcpPingInterceptor")}
      ${interceptor("TcpFailureDetector")}
      ${interceptor("MessageDispatchInterceptor")}
      ${interceptor("StaticMembershipInterceptor", memberXml("LocalMember", machine) + members)}
    </Channel>
    <Valve className="org.apache.catalina.ha.tcp.ReplicationValve"/>
    <ClusterListener className="org.apache.catalina.ha.session.ClusterSessionListener"/>
  </Cluster>
`;
}

function memberXml(kind: "LocalMember" | "Member", machine: Machine): string {
  const { number, address, ports } = machine;
  const where = kind === "Member" ? ` host="${address}" port="${ports.cluster}"` : "";
  const id = `{${"0,".repeat(15)}${number}}`;
  return `
        <${kind} className="org.apache.catalina.tribes.membership.StaticMember"
            domain="shop" uniqueId="${id}"${where}/>`;
}

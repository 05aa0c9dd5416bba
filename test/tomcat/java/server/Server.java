package server;

import java.io.File;
import java.util.Arrays;
import org.apache.catalina.Context;
import org.apache.catalina.Host;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;

/**
 * One Tomcat with one web application, on a free port of the loopback interface, until its standard
 * input ends. Says `port N` when it serves. Not the application (web.Shop).
 *
 * <p>java server.Server BASE_DIRECTORY WEBAPP_DIRECTORY [OWN_PORT PEER_PORT]; with the ports of two
 * receivers its sessions are replicated by Tomcat's own DeltaManager.
 */
public final class Server {
  public static void main(String[] arguments) throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(arguments[0]);
    Connector connector = new Connector();
    connector.setPort(0);
    connector.setProperty("address", "127.0.0.1");
    tomcat.setConnector(connector);
    tomcat.addUser("ada", "lovelace");
    tomcat.addRole("ada", "user");
    Host host = tomcat.getHost();
    host.setAppBase(new File(arguments[0], "apps").getAbsolutePath());
    Context context = tomcat.addWebapp("", new File(arguments[1]).getAbsolutePath());
    context.setBackgroundProcessorDelay(1);
    if (arguments.length > 2) {
      int[] ports = {Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3])};
      Replication.of(host, context, ports);
    }
    tomcat.start();
    if (!context.getState().isAvailable()) throw new IllegalStateException("not started");
    System.out.println("port " + connector.getLocalPort());
    byte[] ignored = new byte[256];
    while (System.in.read(ignored) >= 0) Arrays.fill(ignored, (byte) 0);
    tomcat.stop();
    System.exit(0);
  }
}

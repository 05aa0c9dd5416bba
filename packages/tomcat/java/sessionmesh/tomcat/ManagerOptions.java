package sessionmesh.tomcat;

import org.apache.catalina.LifecycleException;
import org.apache.catalina.session.ManagerBase;

/**
 * The options of {@link MeshManager}, as Tomcat sets them from the attributes in context.xml.
 *
 * Public for Tomcat's sake only. What each means is in docs/TOMCAT.md. Not here: what they do.
 */
public abstract class ManagerOptions extends ManagerBase {
  String host = "127.0.0.1";
  int port = 6379;
  String password = "";
  String keyPrefix = "tomcat";
  String application = "";
  int connectTimeoutMs = 500;
  int timeoutMs = 2_000;
  int reconnectMs = 1_000;
  String onError = "fail";
  String unserializable = "fail";
  String allow = "";
  boolean allowWebappClasses;
  int localSessionsMax = 10_000;
  int localIdleSeconds = 60;

  void checkOptions() throws LifecycleException {
    check("onError", onError, "fail", "empty");
    check("unserializable", unserializable, "fail", "skip");
  }

  public void setHost(String host) {
    this.host = host;
  }

  public void setPort(int port) {
    this.port = port;
  }

  public void setPassword(String password) {
    this.password = password;
  }

  public void setKeyPrefix(String keyPrefix) {
    this.keyPrefix = keyPrefix;
  }

  public void setApplication(String application) {
    this.application = application;
  }

  public void setConnectTimeoutMs(int connectTimeoutMs) {
    this.connectTimeoutMs = connectTimeoutMs;
  }

  public void setTimeoutMs(int timeoutMs) {
    this.timeoutMs = timeoutMs;
  }

  public void setReconnectMs(int reconnectMs) {
    this.reconnectMs = reconnectMs;
  }

  public void setOnError(String onError) {
    this.onError = onError;
  }

  public void setUnserializable(String unserializable) {
    this.unserializable = unserializable;
  }

  public void setAllow(String allow) {
    this.allow = allow;
  }

  public void setAllowWebappClasses(boolean allowWebappClasses) {
    this.allowWebappClasses = allowWebappClasses;
  }

  public void setLocalSessionsMax(int localSessionsMax) {
    this.localSessionsMax = localSessionsMax;
  }

  public void setLocalIdleSeconds(int localIdleSeconds) {
    this.localIdleSeconds = localIdleSeconds;
  }

  /** A word that is none of those known stops the application: Tomcat would only log a setter's. */
  private static void check(String option, String value, String one, String other)
      throws LifecycleException {
    if (value.equals(one) || value.equals(other)) return;
    throw new LifecycleException(
        "[session-mesh] " + option + "=\"" + value + "\" in context.xml: write \"" + one + "\" or \""
            + other + "\"");
  }
}

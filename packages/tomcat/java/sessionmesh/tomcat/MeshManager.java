package sessionmesh.tomcat;

import java.io.Serializable;
import java.net.InetSocketAddress;
import java.util.Collections;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.LifecycleState;
import org.apache.catalina.Session;
import org.apache.catalina.Valve;
import org.apache.catalina.session.StandardSession;
import org.apache.catalina.util.SessionConfig;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * Keeps a web application's sessions in the mesh, through the sidecar on this machine.
 *
 * <pre>
 *   &lt;Context&gt;
 *     &lt;Manager className="sessionmesh.tomcat.MeshManager" port="6380" allow="com.example.shop"/&gt;
 *   &lt;/Context&gt;
 * </pre>
 *
 * What it holds itself is a cache of sessions used lately: dropping one tells nobody anything. Its
 * setters are the options, described in docs/TOMCAT.md. Not here: one session (MeshSession), one
 * request (Exchange).
 */
public final class MeshManager extends ManagerOptions {
  private static final Log LOG = LogFactory.getLog(MeshManager.class);
  private static final int ID_LENGTH_MAX = 256;

  private final AtomicLong saves = new AtomicLong();
  private final AtomicLong degradedSaves = new AtomicLong();
  private final AtomicLong outages = new AtomicLong();
  private final AtomicLong lostChanges = new AtomicLong();
  private RespPool pool;
  private MeshClient client;
  private AttributeCodec codec;

  @Override
  public String getName() {
    return "MeshManager";
  }

  @Override
  public void setContext(Context context) {
    super.setContext(context);
    if (context == null) return;
    for (Valve each : context.getPipeline().getValves()) {
      if (each instanceof MeshValve) return;
    }
    context.getPipeline().addValve(new MeshValve());
  }

  @Override
  protected void startInternal() throws LifecycleException {
    super.startInternal();
    checkOptions();
    try {
      Exchange.hookField();
    } catch (ReflectiveOperationException error) {
      throw new LifecycleException("[session-mesh] not made for this Tomcat", error);
    }
    Context context = getContext();
    String path = context.getPath().isEmpty() ? "/" : context.getPath();
    String name = application.isEmpty() ? path : application;
    InetSocketAddress address = new InetSocketAddress(host, port);
    pool = new RespPool(address, password, new int[] {connectTimeoutMs, timeoutMs, reconnectMs});
    client = new MeshClient(pool, keyPrefix + ":" + name + ":");
    ClassAllowList allowed = new ClassAllowList(allow, allowWebappClasses);
    codec = new AttributeCodec(allowed, context.getLoader().getClassLoader());
    LOG.info("[session-mesh] sessions of " + path + " are kept by the sidecar at " + address);
    setState(LifecycleState.STARTING);
  }

  @Override
  protected void stopInternal() throws LifecycleException {
    setState(LifecycleState.STOPPING);
    sessions.clear();
    pool.close();
    super.stopInternal();
  }

  /** Nothing to do: what this server held, the mesh holds. */
  @Override
  public void load() {}

  /** Nothing to do: what was acknowledged is in the mesh. */
  @Override
  public void unload() {}

  @Override
  public Session findSession(String id) {
    if (id == null || id.length() > ID_LENGTH_MAX || Exchange.isPeeking()) return null;
    Exchange exchange = Exchange.current();
    if (exchange != null && exchange.hasFound(this, id)) {
      MeshSession known = exchange.found(this, id);
      return known == null || !known.isValid() ? null : known;
    }
    MeshSession session;
    try {
      session = find(id, exchange);
    } catch (MeshUnavailableException error) {
      outages.incrementAndGet();
      session = withoutMesh(id, exchange, error);
    }
    if (exchange != null) exchange.remember(this, id, session);
    return session;
  }

  @Override
  public Session createSession(String requestedId) {
    // Tomcat proposes an id that another application on this host knows; never one that was destroyed.
    boolean isFree = requestedId != null && isAbsent(requestedId);
    MeshSession session = (MeshSession) super.createSession(isFree ? requestedId : null);
    Exchange exchange = Exchange.current();
    if (exchange != null) exchange.remember(this, session.getIdInternal(), session);
    return session;
  }

  @Override
  public void remove(Session session, boolean update) {
    if (sessions.get(session.getIdInternal()) == session) super.remove(session, update);
  }

  /** Frees what was not used lately. Whether a session has expired, the mesh knows. */
  @Override
  public void processExpires() {
    evict(localIdleSeconds * 1000L);
  }

  @Override
  protected StandardSession getNewSession() {
    return new MeshSession(this);
  }

  private MeshSession find(String id, Exchange exchange) {
    MeshSession fresh = MeshSession.of(this, id);
    MeshSession known = (MeshSession) sessions.putIfAbsent(id, fresh);
    while (known != null && !known.isValid()) {
      sessions.remove(id, known);
      known = (MeshSession) sessions.putIfAbsent(id, fresh);
    }
    MeshSession session = known == null ? fresh : known;
    boolean isKept = known != null;
    try {
      SyncedSession.Verdict verdict = session.refresh(exchange);
      isKept = isKept || verdict == SyncedSession.Verdict.FOUND;
      if (verdict == SyncedSession.Verdict.UNKNOWN) return placeholder(id, exchange);
      return verdict == SyncedSession.Verdict.FOUND ? session : null;
    } finally {
      if (!isKept) forget(session);
      if (sessions.size() > localSessionsMax) evict(0);
    }
  }

  private MeshSession withoutMesh(String id, Exchange exchange, MeshUnavailableException error) {
    // Before the valve, Tomcat only asks which of several ids, or of several versions, is meant.
    if (exchange == null) return null;
    if ("empty".equals(onError)) return placeholder(id, exchange);
    exchange.fail(error);
    throw error;
  }

  private MeshSession placeholder(String id, Exchange exchange) {
    if (exchange != null) exchange.isUnknown();
    return MeshSession.placeholder(this, id);
  }

  private boolean isAbsent(String id) {
    return "absent".equals(client.load(id, "", Collections.emptyMap(), false).status);
  }

  private void evict(long idleMs) {
    for (Session each : sessions.values()) {
      if (((MeshSession) each).isIdleFor(idleMs)) forget((MeshSession) each);
    }
  }

  /** Frees this server's copy of a session. */
  void forget(SyncedSession session) {
    sessions.remove(session.getIdInternal(), session);
  }

  MeshClient client() {
    return client;
  }

  AttributeCodec codec() {
    return codec;
  }

  boolean isSkipping() {
    return "skip".equals(unserializable);
  }

  String cookiePath() {
    return SessionConfig.getSessionCookiePath(getContext());
  }

  /** Refuses at once, where the application can be shown the line, what could not be saved later. */
  void check(String name, Object value, boolean isLocal) {
    if (isLocal || isSkipping()) return;
    String type = value.getClass().getName();
    if (!(value instanceof Serializable)) {
      throw new AttributeException(
          "attribute \"" + name + "\": " + type + " is not Serializable; make it so, or set"
              + " unserializable=\"skip\" to keep such attributes on this server",
          null);
    }
    if (codec.allows(value)) return;
    throw new AttributeException(
        "attribute \"" + name + "\": name " + type + ", or its package, in `allow` of the Manager"
            + " in context.xml on all servers",
        null);
  }

  void onSaved(boolean isDegraded) {
    saves.incrementAndGet();
    if (isDegraded) degradedSaves.incrementAndGet();
  }

  /** A save that was not acknowledged: an error, or a change that may be lost, as is configured. */
  void onOutage(MeshUnavailableException error) {
    outages.incrementAndGet();
    if (!"empty".equals(onError)) throw error;
    onLostChange(error);
  }

  void onLostChange(RuntimeException error) {
    lostChanges.incrementAndGet();
    LOG.error("[session-mesh] a change of a session is lost", error);
  }

  /** Saves that were acknowledged, since the start. */
  public long getSaves() {
    return saves.get();
  }

  /** Of these, how many by fewer peers than the sidecar is to wait for. */
  public long getDegradedSaves() {
    return degradedSaves.get();
  }

  /** Calls that the sidecar did not answer as it should. */
  public long getOutages() {
    return outages.get();
  }

  /** Changes that could not be saved although their response had begun or was let go. */
  public long getLostChanges() {
    return lostChanges.get();
  }
}

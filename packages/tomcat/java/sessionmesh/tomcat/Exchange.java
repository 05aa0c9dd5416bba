package sessionmesh.tomcat;

import java.lang.reflect.Field;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.catalina.Session;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.coyote.ActionCode;
import org.apache.coyote.ActionHook;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;
import org.apache.tomcat.util.http.CookieProcessorBase;
import org.apache.tomcat.util.http.MimeHeaders;

/**
 * One request and its response, from the valve to the last byte: which sessions it uses, what its user
 * has seen of them elsewhere, and the gate through which its bytes leave.
 *
 * The gate stands between the response and Tomcat's protocol handler, because error pages are made
 * outside of all valves and big bodies leave inside the application: whatever makes the headers go,
 * the sessions are saved and acknowledged first (P1). Not here: how a session is saved (MeshSession).
 */
final class Exchange implements ActionHook {
  private static final Log LOG = LogFactory.getLog(Exchange.class);
  private static final ThreadLocal<Exchange> CURRENT = new ThreadLocal<>();
  private static final ThreadLocal<Boolean> PEEKING = new ThreadLocal<>();
  private static final String NOTE = "sessionmesh.exchange";
  private static final Pattern TOKEN = Pattern.compile("mesh-token-[0-3][0-9a-z]{6}");
  private static final int TOKENS_MAX = 8;
  private static final int TOKEN_AGE_SECONDS = 60;

  /** What this exchange knows of one session. */
  static final class View {
    /** Whether it shows something that another server may lack. */
    boolean isUnshared;

    /** How often the session had been saved when this exchange last looked. */
    long commitsSeen;

    /** What had been handed out of it when this exchange last saved it; -1: not yet. */
    long accessesSeen = -1;
  }

  private final Request request;
  private final Response response;
  private final ActionHook next;
  private final Map<SyncedSession, View> views = new IdentityHashMap<>();
  private final Map<MeshManager, Map<String, MeshSession>> found = new IdentityHashMap<>();
  private final Map<String, String> cookies = new LinkedHashMap<>();
  private Map<String, String> tokens;
  private boolean isStale;
  private boolean isQuiet;
  private boolean isClosed;
  private RuntimeException failure;

  private Exchange(Request request, Response response) throws ReflectiveOperationException {
    this.request = request;
    this.response = response;
    ActionHook hook = (ActionHook) hookField().get(response.getCoyoteResponse());
    // Of a client that went away Tomcat may never have said that it is over.
    this.next = hook instanceof Exchange ? ((Exchange) hook).next : hook;
    hookField().set(response.getCoyoteResponse(), this);
  }

  /** The exchange of a request, begun now if it has none, made known to this thread. */
  static Exchange enter(Request request, Response response) {
    Exchange exchange = (Exchange) request.getNote(NOTE);
    if (exchange == null) {
      try {
        exchange = new Exchange(request, response);
      } catch (ReflectiveOperationException error) {
        throw new IllegalStateException("[session-mesh] not made for this Tomcat", error);
      }
      request.setNote(NOTE, exchange);
    }
    exchange.isQuiet = false;
    CURRENT.set(exchange);
    return exchange;
  }

  /** The exchange that this thread works for, or null. */
  static Exchange current() {
    Exchange exchange = CURRENT.get();
    return exchange == null || exchange.isClosed ? null : exchange;
  }

  /** This thread goes on to something else. */
  static void leave() {
    CURRENT.remove();
  }

  /** Whether Tomcat is only asked which session a request has, so that none is to be looked for. */
  static boolean isPeeking() {
    return PEEKING.get() != null;
  }

  /** Throws where this Tomcat has no place for the gate. */
  static Field hookField() throws ReflectiveOperationException {
    Field field = org.apache.coyote.Response.class.getDeclaredField("hook");
    field.setAccessible(true);
    return field;
  }

  View view(SyncedSession session) {
    synchronized (views) {
      return views.computeIfAbsent(session, key -> new View());
    }
  }

  /** Whether the session of this id was looked for already; it is asked of the mesh once. */
  synchronized boolean hasFound(MeshManager manager, String id) {
    return found.getOrDefault(manager, Collections.emptyMap()).containsKey(id);
  }

  synchronized MeshSession found(MeshManager manager, String id) {
    return found.get(manager).get(id);
  }

  synchronized void remember(MeshManager manager, String id, MeshSession session) {
    found.computeIfAbsent(manager, key -> new HashMap<>()).put(id, session);
  }

  /** The session that stands for one of which it is not known whether it exists (P9). */
  void isUnknown() {
    request.setAttribute("session-mesh.unknown", Boolean.TRUE);
  }

  void isStale() {
    isStale = true;
  }

  /** The response is to be an error, whatever the application makes of it. */
  void fail(RuntimeException error) {
    if (failure == null) failure = error;
  }

  RuntimeException failure() {
    return failure;
  }

  /** Saves all sessions of this exchange; `isEnd`: the application has done with them. */
  void save(boolean isEnd) {
    if (failure != null) return;
    boolean canSetCookies = !response.getCoyoteResponse().isCommitted();
    MeshSession own = ownSession();
    if (own != null) view(own);
    Map<SyncedSession, View> all;
    synchronized (views) {
      all = new IdentityHashMap<>(views);
    }
    try {
      for (Map.Entry<SyncedSession, View> each : all.entrySet()) {
        saveOne(each.getKey(), each.getValue(), canSetCookies);
        if (isEnd) each.getKey().isQuietSince(each.getValue().accessesSeen);
      }
    } catch (MeshUnavailableException | AttributeException error) {
      fail(error);
    }
    isQuiet = isQuiet || isEnd;
  }

  /** What the request brought of what its user has seen, by the cookies' names. */
  synchronized Map<String, String> tokens() {
    if (tokens != null) return tokens;
    tokens = new LinkedHashMap<>();
    MimeHeaders headers = request.getCoyoteRequest().getMimeHeaders();
    for (int at = headers.findHeader("Cookie", 0);
        at >= 0;
        at = headers.findHeader("Cookie", at + 1)) {
      for (String pair : headers.getValue(at).toString().split(";")) addToken(pair.trim());
    }
    return tokens;
  }

  void setToken(MeshManager manager, String name, String value) {
    StringBuilder cookie = new StringBuilder(name).append('=').append(value);
    cookie.append("; Max-Age=").append(TOKEN_AGE_SECONDS);
    cookie.append("; Path=").append(manager.cookiePath());
    if (request.isSecure()) cookie.append("; Secure");
    cookie.append("; HttpOnly");
    Object processor = manager.getContext().getCookieProcessor();
    if (processor instanceof CookieProcessorBase) {
      String sameSite = ((CookieProcessorBase) processor).getSameSiteCookies().getValue();
      boolean isSaid = !"Unset".equalsIgnoreCase(sameSite);
      if (isSaid) cookie.append("; SameSite=").append(sameSite);
    }
    cookies.put(name, cookie.toString());
  }

  /** The gate: before anything leaves, what it may tell of is saved. */
  @Override
  public void action(ActionCode code, Object parameter) {
    // Tomcat uses requests again: this one may be another's by now.
    if (request.getNote(NOTE) != this) {
      uninstall();
      next.action(code, parameter);
      return;
    }
    boolean isClose = code == ActionCode.CLOSE;
    if (isClose || code == ActionCode.COMMIT || code == ActionCode.CLIENT_FLUSH) open(isClose);
    if (isClose) uninstall();
    next.action(code, parameter);
  }

  private void open(boolean isEnd) {
    boolean hadFailed = failure != null;
    save(isEnd && !request.isAsync());
    // The valve, or Tomcat itself, makes an error of it; that one shall leave.
    if (failure != null && !hadFailed && !response.isCommitted()) throw failure;
    if (failure != null && !hadFailed) LOG.error("[session-mesh] a change is lost", failure);
    if (response.getCoyoteResponse().isCommitted()) return;
    for (String each : cookies.values()) response.getCoyoteResponse().addHeader("Set-Cookie", each);
    cookies.clear();
    if (isStale) response.getCoyoteResponse().setHeader("Session-Mesh-Stale", "1");
  }

  private void uninstall() {
    isClosed = true;
    if (CURRENT.get() == this) CURRENT.remove();
    try {
      hookField().set(response.getCoyoteResponse(), next);
    } catch (ReflectiveOperationException error) {
      throw new IllegalStateException(error);
    }
  }

  private void saveOne(SyncedSession session, View view, boolean canSetCookies) {
    // Where the application has done with it, only what it was given since can have changed.
    boolean isUnchanged = isQuiet && view.accessesSeen == session.accesses();
    if (isUnchanged && !(canSetCookies && session.needsToken(view))) return;
    session.save(view, canSetCookies ? this : null);
  }

  /** The request's session, without looking for one. */
  private MeshSession ownSession() {
    PEEKING.set(Boolean.TRUE);
    try {
      Session session = request.getSessionInternal(false);
      return session instanceof MeshSession ? (MeshSession) session : null;
    } finally {
      PEEKING.remove();
    }
  }

  private void addToken(String pair) {
    int equals = pair.indexOf('=');
    if (equals < 0 || tokens.size() >= TOKENS_MAX) return;
    String name = pair.substring(0, equals).trim();
    if (!TOKEN.matcher(name).matches()) return;
    tokens.put(name, pair.substring(equals + 1).trim().replace("\"", ""));
  }
}

package sessionmesh.tomcat;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.catalina.session.StandardSession;

/**
 * A session as the requests of this Tomcat share it: attributes are read from the mesh when a request
 * first asks, and what has changed is saved before a response leaves.
 *
 * It is Tomcat's own session in all that listeners and applications see. Used while no request is under
 * way (by a WebSocket, say), each call reads or saves for itself. It never expires here: the mesh says
 * when it has. Not here: what changed (SessionContent), and when requests save (Exchange).
 */
final class MeshSession extends StandardSession {
  private static final long serialVersionUID = 1L;
  private static final String CREATED_AT = "m";

  private final transient MeshManager owner;
  private final transient SessionContent content;

  /** Held while the sidecar is asked or told something of this session. */
  private final transient ReentrantLock talking = new ReentrantLock();

  private final transient AtomicInteger requests = new AtomicInteger();
  private transient volatile boolean isSaved;
  private transient volatile boolean isPlaceholder;
  private transient volatile boolean isInvalidating;
  private transient volatile boolean isSpoiled;
  private transient volatile long commits;
  private transient volatile long quietAccesses = -1;
  private transient volatile long usedAtNanos = System.nanoTime();
  private transient String version = "";
  private transient long savedIdleMs;
  private transient String formerId;
  private transient String activating;

  /** What the mesh says of an id. */
  enum Verdict {
    FOUND,
    NONE,
    UNKNOWN
  }

  MeshSession(MeshManager manager) {
    super(manager);
    owner = manager;
    content = new SessionContent(attributes, manager, this::exclude, this::onRead);
  }

  /** One that the mesh may know by this id. */
  static MeshSession of(MeshManager manager, String id) {
    MeshSession session = new MeshSession(manager);
    session.id = id;
    session.isValid = true;
    session.isNew = false;
    session.isSaved = true;
    return session;
  }

  /** An empty one that is never saved, for an id of which nothing can be known now. */
  static MeshSession placeholder(MeshManager manager, String id) {
    MeshSession session = of(manager, id);
    session.setCreationTime(System.currentTimeMillis());
    session.isPlaceholder = true;
    return session;
  }

  /** Takes in what the mesh has by now; `exchange` may be null. */
  Verdict refresh(Exchange exchange) {
    talking.lock();
    try {
      if (!isValid) return Verdict.NONE;
      if (!isSaved || isPlaceholder) return Verdict.FOUND;
      Map<String, String> tokens =
          exchange == null ? Collections.emptyMap() : exchange.tokens();
      MeshClient.Loaded loaded = owner.client().load(id, version, tokens, exchange != null);
      usedAtNanos = System.nanoTime();
      if (loaded.isStale && exchange != null) exchange.isStale();
      if ("unknown".equals(loaded.status)) return Verdict.UNKNOWN;
      // The sidecar has lost it, and a request under way here has it: it is given back when saved.
      if ("absent".equals(loaded.status) && requests.get() > 0) return Verdict.FOUND;
      if (!"found".equals(loaded.status)) {
        vanish();
        return Verdict.NONE;
      }
      take(loaded);
      if (exchange != null) {
        Exchange.View view = exchange.view(this);
        view.isUnshared = loaded.isUnshared;
        view.commitsSeen = commits;
      }
      return Verdict.FOUND;
    } finally {
      talking.unlock();
    }
  }

  /**
   * Saves what has changed, and returns when it is acknowledged. `exchange` takes the tokens; null: no
   * cookie can be set any more. `view` is null outside of requests.
   */
  void save(Exchange.View view, Exchange exchange) {
    talking.lock();
    try {
      if (!isValid || isPlaceholder || isInvalidating) return;
      long accesses = content.accesses();
      SessionContent.Draft draft = content.draft(ownFields(), !isSaved);
      boolean isChanged = !isSaved || !draft.change.isEmpty() || idleMs() != savedIdleMs;
      if (isChanged || (exchange != null && needsToken(view))) send(draft, exchange);
      if (view == null) return;
      view.accessesSeen = accesses;
      view.commitsSeen = commits;
      if (exchange != null) view.isUnshared = false;
    } catch (AttributeException error) {
      isSpoiled = true;
      throw error;
    } catch (MeshUnavailableException error) {
      isSpoiled = true;
      owner.onOutage(error);
    } finally {
      talking.unlock();
    }
  }

  /** Whether a response that shows this session lets its user see what another server may lack. */
  boolean needsToken(Exchange.View view) {
    return view.isUnshared || view.commitsSeen != commits;
  }

  long accesses() {
    return content.accesses();
  }

  /** What was handed out until then has been saved after its user had done with it. */
  void isQuietSince(long accesses) {
    quietAccesses = accesses;
  }

  /** Whether no request uses it, since so many milliseconds at least. */
  boolean isIdleFor(long ms) {
    return requests.get() == 0 && System.nanoTime() - usedAtNanos >= ms * 1_000_000L;
  }

  private void send(SessionContent.Draft draft, Exchange exchange) {
    MeshClient client = owner.client();
    MeshClient.SaveOptions options = new MeshClient.SaveOptions();
    options.idleMs = idleMs();
    options.version = version;
    options.change = draft.change;
    options.tokens = exchange == null ? null : exchange.tokens();
    if (formerId != null && isGone(formerId)) return;
    MeshClient.Mode mode = isSaved ? MeshClient.Mode.UPDATE : MeshClient.Mode.CREATE;
    MeshClient.Saved saved = client.save(id, mode, options);
    if ("absent".equals(saved.status)) {
      content.all().forEach(options.change.set::putIfAbsent);
      options.change.set.keySet().removeAll(options.change.removed);
      saved = client.save(id, MeshClient.Mode.RESTORE, options);
    }
    if ("gone".equals(saved.status)) {
      vanish();
      return;
    }
    content.saved(draft);
    if (!isSaved || "committed".equals(saved.status)) commits++;
    isSaved = true;
    version = saved.version;
    savedIdleMs = options.idleMs;
    owner.onSaved(saved.isDegraded);
    if (formerId != null) client.destroy(formerId, true);
    formerId = null;
    if (exchange == null) return;
    saved.cookies.forEach((name, value) -> exchange.setToken(owner, name, value));
  }

  /** A session whose old id was logged out meanwhile does not live on under a new one. */
  private boolean isGone(String oldId) {
    MeshClient.SaveOptions nothing = new MeshClient.SaveOptions();
    nothing.idleMs = savedIdleMs;
    MeshClient.Saved saved = owner.client().save(oldId, MeshClient.Mode.UPDATE, nothing);
    if (!"gone".equals(saved.status)) return false;
    vanish();
    return true;
  }

  private void take(MeshClient.Loaded loaded) {
    version = loaded.version;
    long now = System.currentTimeMillis();
    boolean isIdleChanged = idleMs() != savedIdleMs && creationTime != 0;
    savedIdleMs = loaded.idleMs;
    if (!isIdleChanged) {
      maxInactiveInterval = loaded.idleMs == 0 ? -1 : (int) Math.max(1, loaded.idleMs / 1000);
      savedIdleMs = idleMs();
    }
    if (loaded.fields != null) {
      Map<String, byte[]> before = Authentication.fieldsOf(this);
      content.rebase(loaded.fields, requests.get() > 0);
      Authentication.apply(this, content, before);
    }
    if (creationTime == 0) creationTime = createdAt(now);
    if (requests.get() > 0) return;
    long touchedAt = loaded.idleMs == 0 ? now : now - Math.max(0, loaded.idleMs - loaded.leftMs);
    lastAccessedTime = Math.max(creationTime, Math.min(now, touchedAt));
    thisAccessedTime = lastAccessedTime;
  }

  private long createdAt(long now) {
    byte[] field = content.field(CREATED_AT);
    try {
      return Long.parseLong(new String(field == null ? new byte[0] : field, StandardCharsets.UTF_8));
    } catch (NumberFormatException error) {
      return now;
    }
  }

  private Map<String, byte[]> ownFields() {
    Map<String, byte[]> fields = new LinkedHashMap<>(Authentication.fieldsOf(this));
    fields.put(CREATED_AT, Long.toString(creationTime).getBytes(StandardCharsets.UTF_8));
    return fields;
  }

  private long idleMs() {
    return maxInactiveInterval <= 0 ? 0 : maxInactiveInterval * 1000L;
  }

  /** Another server has destroyed it, or its time is over: it is no session any more. */
  private void vanish() {
    isValid = false;
    owner.forget(this);
  }

  private boolean isOutsideOfRequests() {
    return isSaved && isValid && !isInvalidating && requests.get() == 0;
  }

  private void refreshOutside() {
    if (isOutsideOfRequests()) refresh(null);
  }

  private void saveOutside() {
    if (isOutsideOfRequests()) save(null, null);
  }

  // What Tomcat and applications call.

  @Override
  public void access() {
    Exchange exchange = Exchange.current();
    if (exchange != null) exchange.view(this);
    requests.incrementAndGet();
    super.access();
  }

  @Override
  public void endAccess() {
    super.endAccess();
    usedAtNanos = System.nanoTime();
    try {
      // What is left now came after the response; other requests under way will save it as theirs.
      boolean isLeft = quietAccesses != content.accesses() || !isSaved;
      if (isLeft && !isSpoiled && requests.get() == 1) save(null, null);
    } catch (RuntimeException error) {
      owner.onLostChange(error);
    } finally {
      if (requests.decrementAndGet() == 0) rest();
    }
  }

  private void rest() {
    content.rest();
    if (isSpoiled || !isSaved) owner.forget(this);
  }

  @Override
  public void setId(String newId, boolean notify) {
    boolean isChange = id != null && !newId.equals(id);
    if (isChange && isSaved && !isPlaceholder) {
      formerId = id;
      isSaved = false;
      version = "";
    }
    super.setId(newId, notify);
  }

  @Override
  public boolean isValid() {
    return isValid;
  }

  @Override
  public void invalidate() {
    if (!isValidInternal()) super.invalidate();
    talking.lock();
    try {
      if (formerId != null) owner.client().destroy(formerId, false);
      if (isSaved && !isPlaceholder) owner.client().destroy(id, false);
      isInvalidating = true;
    } catch (MeshUnavailableException error) {
      // A logout that was not done must not look like one, whatever `onError` says.
      Exchange exchange = Exchange.current();
      if (exchange != null) exchange.fail(error);
      throw error;
    } finally {
      talking.unlock();
    }
    super.invalidate();
  }

  /** Destroys only as part of invalidate(); whoever else calls it, frees this server's copy. */
  @Override
  public void expire(boolean notify) {
    if (isInvalidating) super.expire(notify);
    else owner.forget(this);
  }

  @Override
  public Object getAttribute(String name) {
    refreshOutside();
    if (!isValidInternal() || name == null) return super.getAttribute(name);
    return content.handOut(name);
  }

  @Override
  public Enumeration<String> getAttributeNames() {
    refreshOutside();
    content.readAll();
    return super.getAttributeNames();
  }

  @Override
  public void setAttribute(String name, Object value, boolean notify) {
    if (name == null || value == null || !isValidInternal()) {
      super.setAttribute(name, value, notify);
      return;
    }
    owner.check(name, value, exclude(name, value));
    content.read(name);
    content.changed(name);
    super.setAttribute(name, value, notify);
    saveOutside();
  }

  @Override
  protected void removeAttributeInternal(String name, boolean notify) {
    if (name != null && !isInvalidating) {
      content.read(name);
      content.changed(name);
    }
    super.removeAttributeInternal(name, notify);
    saveOutside();
  }

  @Override
  protected String[] keys() {
    if (activating != null && Thread.holdsLock(content)) return new String[] {activating};
    content.readAll();
    return super.keys();
  }

  /** Tells an attribute that it has come from elsewhere, if it wants to know. */
  private void onRead(String name) {
    if (attributes.get(name).getClass().getClassLoader() == null) return;
    activating = name;
    try {
      activate();
    } finally {
      activating = null;
    }
  }
}

package sessionmesh.tomcat;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.catalina.session.StandardSession;

/**
 * The half of a session that speaks with the mesh: takes in what others changed, and saves what was
 * changed here.
 *
 * Not here: what Tomcat and applications call (MeshSession), what changed (SessionContent), and when
 * requests save (Exchange).
 */
abstract class SyncedSession extends StandardSession {
  private static final long serialVersionUID = 1L;
  private static final String CREATED_AT = "m";

  final transient MeshManager owner;
  final transient SessionContent content;

  /** Held while the sidecar is asked or told something of this session. */
  final transient ReentrantLock talking = new ReentrantLock();

  final transient AtomicInteger requests = new AtomicInteger();
  transient volatile boolean isSaved;
  transient volatile boolean isPlaceholder;
  transient volatile boolean isInvalidating;
  transient volatile boolean isSpoiled;
  private transient volatile long commits;
  transient volatile long quietAccesses = -1;
  transient volatile long usedAtNanos = System.nanoTime();
  transient String version = "";
  private transient long savedIdleMs;
  transient String formerId;

  /** What the mesh says of an id. */
  enum Verdict {
    FOUND,
    NONE,
    UNKNOWN
  }

  SyncedSession(MeshManager manager) {
    super(manager);
    owner = manager;
    content = new SessionContent(attributes, manager, this::exclude, this::onRead);
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

  /** An attribute was made of bytes. */
  abstract void onRead(String name);
}

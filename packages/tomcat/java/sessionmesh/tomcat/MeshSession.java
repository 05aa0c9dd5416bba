package sessionmesh.tomcat;

import java.util.Enumeration;

/**
 * A session as the requests of this Tomcat share it: attributes are read from the mesh when a request
 * first asks, and what has changed is saved before a response leaves.
 *
 * It is Tomcat's own session in all that listeners and applications see. Used while no request is under
 * way (by a WebSocket, say), each call reads or saves for itself. It never expires here: the mesh says
 * when it has. Not here: reading and saving (SyncedSession).
 */
final class MeshSession extends SyncedSession {
  private static final long serialVersionUID = 1L;

  private transient String activating;

  MeshSession(MeshManager manager) {
    super(manager);
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

  private boolean isOutsideOfRequests() {
    return isSaved && isValid && !isInvalidating && requests.get() == 0;
  }

  private void refreshOutside() {
    if (isOutsideOfRequests()) refresh(null);
  }

  private void saveOutside() {
    if (isOutsideOfRequests()) save(null, null);
  }

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
  @Override
  void onRead(String name) {
    if (attributes.get(name).getClass().getClassLoader() == null) return;
    activating = name;
    try {
      activate();
    } finally {
      activating = null;
    }
  }
}

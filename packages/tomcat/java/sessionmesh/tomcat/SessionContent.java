package sessionmesh.tomcat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentMap;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * What one session holds: the bytes as the mesh has them, the objects made of them so far, and which
 * of these may differ.
 *
 * Invariants:
 * 1. An attribute is in `values` only if it was asked for or set; until then it is bytes.
 * 2. Whatever was handed out or set since the session was last at rest is in `touched`: only there can
 *    objects differ from the bytes, and a name in `touched` without a value has been removed.
 * 3. Bytes that cannot be read here (a class of another version) are hidden, and stay as they are until
 *    the application sets or removes that name.
 *
 * Its monitor guards it, and is never held while the sidecar is waited for. Not here: when to read or
 * write (MeshSession), and Tomcat's listeners.
 */
final class SessionContent {
  private static final Log LOG = LogFactory.getLog(SessionContent.class);
  private static final String ATTRIBUTE = "a:";

  private final ConcurrentMap<String, Object> values;
  private final AttributeCodec codec;
  private final boolean isSkipping;
  private final BiPredicate<String, Object> isLocal;
  private final Consumer<String> onRead;
  private final Map<String, byte[]> stored = new HashMap<>();
  private final Set<String> touched = new HashSet<>();
  private final Set<String> unreadable = new HashSet<>();
  private final Set<String> complained = new HashSet<>();
  private final List<Detached> detached = new ArrayList<>();
  private long accesses;

  /** An object that a request still holds, though another server's value has taken its place. */
  private static final class Detached {
    final String name;
    final Object value;
    final byte[] bytes;

    Detached(String name, Object value, byte[] bytes) {
      this.name = name;
      this.value = value;
      this.bytes = bytes;
    }
  }

  /** A change, and what will stand in the mesh when it is made. */
  static final class Draft {
    final MeshClient.Change change = new MeshClient.Change();
    private final List<Detached> returned = new ArrayList<>();
  }

  /**
   * `values`: Tomcat's own map of attributes; `isLocal`: what the configuration keeps out; `onRead` is
   * told the name of every attribute that was made of bytes.
   */
  SessionContent(
      ConcurrentMap<String, Object> values,
      MeshManager manager,
      BiPredicate<String, Object> isLocal,
      Consumer<String> onRead) {
    this.values = values;
    this.codec = manager.codec();
    this.isSkipping = manager.isSkipping();
    this.isLocal = isLocal;
    this.onRead = onRead;
  }

  /** Makes the attribute's object, if it is only bytes so far; null: there is none, or unreadable. */
  synchronized Object read(String name) {
    Object value = values.get(name);
    if (value != null || touched.contains(name) || unreadable.contains(name)) return value;
    byte[] bytes = stored.get(ATTRIBUTE + name);
    if (bytes == null) return null;
    try {
      value = codec.decode(bytes);
    } catch (IOException | ClassNotFoundException | RuntimeException | LinkageError error) {
      unreadable.add(name);
      LOG.warn("[session-mesh] attribute \"" + name + "\" is kept but hidden: " + error);
      return null;
    }
    if (value == null) return null;
    values.put(name, value);
    onRead.accept(name);
    return value;
  }

  /** Like read, for a caller who may change the object in place from now on. */
  synchronized Object handOut(String name) {
    Object value = read(name);
    if (value == null || AttributeCodec.isImmutable(value)) return value;
    accesses++;
    touched.add(name);
    return value;
  }

  /** Grows whenever something was handed out that can be changed, or was changed. */
  synchronized long accesses() {
    return accesses;
  }

  /** The attribute is being set or removed. */
  synchronized void changed(String name) {
    accesses++;
    touched.add(name);
    unreadable.remove(name);
  }

  /** Makes the objects of all attributes that can be read. */
  synchronized void readAll() {
    for (String field : new ArrayList<>(stored.keySet())) {
      if (field.startsWith(ATTRIBUTE)) read(field.substring(ATTRIBUTE.length()));
    }
  }

  synchronized byte[] field(String name) {
    return stored.get(name);
  }

  /**
   * What has changed since the mesh was last told; `own` are fields that are not attributes, null
   * where there is none. Throws {@link AttributeException} where an attribute cannot be carried.
   */
  synchronized Draft draft(Map<String, byte[]> own, boolean isWhole) {
    Draft draft = new Draft();
    if (isWhole) draft.change.set.putAll(stored);
    for (Map.Entry<String, byte[]> each : own.entrySet()) {
      if (!Arrays.equals(each.getValue(), stored.get(each.getKey()))) {
        put(draft, each.getKey(), each.getValue());
      }
    }
    for (Detached each : detached) {
      byte[] bytes = bytesOf(each.name, each.value);
      if (bytes == null || codec.isSame(each.bytes, bytes)) continue;
      put(draft, ATTRIBUTE + each.name, bytes);
      draft.returned.add(each);
    }
    for (String name : touched) {
      Object value = values.get(name);
      byte[] before = stored.get(ATTRIBUTE + name);
      byte[] bytes = value == null ? null : bytesOf(name, value);
      boolean isKept = value != null && bytes == null;
      if (isKept || (bytes == null ? before == null : codec.isSame(before, bytes))) continue;
      put(draft, ATTRIBUTE + name, bytes);
      draft.returned.removeIf(each -> each.name.equals(name));
    }
    return draft;
  }

  /** The mesh has what the draft says. */
  synchronized void saved(Draft draft) {
    stored.putAll(draft.change.set);
    for (String field : draft.change.removed) stored.remove(field);
    for (Detached each : draft.returned) {
      detached.remove(each);
      values.put(each.name, each.value);
      touched.add(each.name);
    }
  }

  /**
   * Takes in what the mesh has. What was changed here and not saved yet stays, and will be saved as
   * the later write; of what others changed, requests under way keep the objects that they hold.
   */
  synchronized void rebase(Map<String, byte[]> fields, boolean hasOthers) {
    Set<String> names = new HashSet<>(stored.keySet());
    names.addAll(fields.keySet());
    for (String field : names) {
      byte[] before = stored.get(field);
      byte[] now = fields.get(field);
      if (Arrays.equals(before, now)) continue;
      if (field.startsWith(ATTRIBUTE)) {
        rebaseAttribute(field.substring(ATTRIBUTE.length()), before, hasOthers);
      }
      if (now == null) stored.remove(field);
      else stored.put(field, now);
    }
  }

  /** No request holds anything of it any more. */
  synchronized void rest() {
    touched.clear();
    detached.clear();
  }

  /** Every field that the mesh is known to have, for a session that it has lost. */
  synchronized Map<String, byte[]> all() {
    return new LinkedHashMap<>(stored);
  }

  private void rebaseAttribute(String name, byte[] before, boolean hasOthers) {
    unreadable.remove(name);
    Object value = values.get(name);
    if (touched.contains(name)) {
      if (isChanged(name, value, before)) return;
      if (hasOthers && value != null) detached.add(new Detached(name, value, before));
      touched.remove(name);
    }
    values.remove(name);
  }

  private boolean isChanged(String name, Object value, byte[] before) {
    if (value == null) return before != null;
    byte[] bytes = bytesOf(name, value);
    return bytes == null || !codec.isSame(before, bytes);
  }

  private static void put(Draft draft, String field, byte[] bytes) {
    if (bytes != null) {
      draft.change.set.put(field, bytes);
    } else {
      draft.change.set.remove(field);
      draft.change.removed.add(field);
    }
  }

  /** Null where the attribute is to stay on this server. */
  private byte[] bytesOf(String name, Object value) {
    if (isLocal.test(name, value)) return null;
    try {
      return codec.encode(value);
    } catch (IOException | RuntimeException error) {
      String text =
          "attribute \""
              + name
              + "\" of "
              + value.getClass().getName()
              + " cannot be carried to other servers: "
              + error;
      if (!isSkipping) {
        throw new AttributeException(
            text + "; make its classes Serializable and name them in `allow`, or set"
                + " unserializable=\"skip\" to keep such attributes on this server",
            error);
      }
      if (complained.add(name)) LOG.warn("[session-mesh] " + text + "; it stays on this server");
      return null;
    }
  }
}

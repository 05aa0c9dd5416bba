package sessionmesh.tomcat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The sidecar's MESH.* commands as Java calls; docs/REDIS.md of the project has their grammar.
 *
 * Every call blocks until the sidecar has answered, and throws {@link MeshUnavailableException} where
 * it cannot. Not here: sockets (RespPool), and what a session is made of (SessionContent).
 */
final class MeshClient {
  /** How a session may be saved. */
  enum Mode {
    /** An id that this server has just made. */
    CREATE,
    /** A session that is there; one that was destroyed stays so. */
    UPDATE,
    /** A session that was there, and that the sidecar has lost since; not one that was destroyed. */
    RESTORE
  }

  /** What LOAD said. */
  static final class Loaded {
    final String status;

    /** How long it lives unless it is used; 0 for as long as may be. */
    final long idleMs;

    /** How long it would have lived without this use. */
    final long leftMs;

    /** By field; null where nothing has changed since the version that was named. */
    final Map<String, byte[]> fields;

    final boolean isStale;
    final boolean isUnshared;
    final String version;

    Loaded(Object[] reply) {
      status = text(reply[0]);
      idleMs = (Long) reply[1];
      fields = reply[2] == null ? null : fields((Object[]) reply[2]);
      isStale = (Long) reply[3] != 0;
      isUnshared = (Long) reply[4] != 0;
      version = text(reply[5]);
      leftMs = (Long) reply[6];
    }
  }

  /** What SAVE said. */
  static final class Saved {
    final String status;
    final String version;

    /** Token cookies to be set, by name. */
    final Map<String, String> cookies = new LinkedHashMap<>();

    final boolean isDegraded;

    Saved(Object[] reply) {
      status = text(reply[0]);
      if (!text(reply[1]).isEmpty()) cookies.put(text(reply[1]), text(reply[2]));
      isDegraded = (Long) reply[4] != 0;
      Object[] further = (Object[]) reply[5];
      for (int i = 0; i + 1 < further.length; i += 2) {
        cookies.put(text(further[i]), text(further[i + 1]));
      }
      version = text(reply[6]);
    }
  }

  /** What SAVE is to write: fields to set, and fields to remove. */
  static final class Change {
    final Map<String, byte[]> set = new LinkedHashMap<>();
    final List<String> removed = new ArrayList<>();

    boolean isEmpty() {
      return set.isEmpty() && removed.isEmpty();
    }
  }

  private final RespPool pool;
  private final String prefix;

  MeshClient(RespPool pool, String prefix) {
    this.pool = pool;
    this.prefix = prefix;
  }

  /** Reads and touches; `tokens` are the request's, by their cookies' names. */
  Loaded load(String id, String version, Map<String, String> tokens, boolean isTouch) {
    List<byte[]> command = command("MESH.LOAD", id);
    if (!isTouch) add(command, "NOTOUCH");
    if (!version.isEmpty()) add(command, "VERSION", version);
    addTokens(command, tokens);
    return understood(() -> new Loaded(array(pool.call(command), 7)));
  }

  /** Writes and waits for the acknowledgement; `tokens` null: no cookie can go any more. */
  Saved save(String id, Mode mode, SaveOptions options) {
    List<byte[]> command = command("MESH.SAVE", id);
    add(command, Long.toString(options.idleMs), mode.name().toLowerCase(Locale.ROOT));
    if (!options.version.isEmpty()) add(command, "VERSION", options.version);
    if (options.tokens == null) add(command, "NOTOKEN");
    else addTokens(command, options.tokens);
    if (!options.change.set.isEmpty()) {
      add(command, "SET", Integer.toString(options.change.set.size()));
      for (Map.Entry<String, byte[]> each : options.change.set.entrySet()) {
        add(command, each.getKey());
        command.add(each.getValue());
      }
    }
    Collection<String> removed = options.change.removed;
    if (!removed.isEmpty()) {
      add(command, "DEL", Integer.toString(removed.size()));
      for (String each : removed) add(command, each);
    }
    return understood(() -> new Saved(array(pool.call(command), 7)));
  }

  /** What SAVE needs beside id and mode. */
  static final class SaveOptions {
    /** 0: none. */
    long idleMs;

    String version = "";
    Map<String, String> tokens = Collections.emptyMap();
    Change change = new Change();
  }

  /** Destroys for good, wherever the session is. `isRegenerated`: it lives on under another id. */
  void destroy(String id, boolean isRegenerated) {
    List<byte[]> command = command("MESH.DESTROY", id);
    if (isRegenerated) add(command, "REGENERATED");
    understood(() -> array(pool.call(command), 2));
  }

  private List<byte[]> command(String name, String id) {
    List<byte[]> command = new ArrayList<>();
    add(command, name, prefix + id);
    return command;
  }

  private static void addTokens(List<byte[]> command, Map<String, String> tokens) {
    if (tokens.isEmpty()) return;
    add(command, "TOKENS", Integer.toString(tokens.size()));
    for (Map.Entry<String, String> each : tokens.entrySet()) {
      add(command, each.getKey() + "=" + each.getValue());
    }
  }

  private static void add(List<byte[]> command, String... arguments) {
    for (String each : arguments) command.add(each.getBytes(StandardCharsets.UTF_8));
  }

  private static Object[] array(Object reply, int lengthMin) {
    boolean isGood = reply instanceof Object[] && ((Object[]) reply).length >= lengthMin;
    if (isGood) return (Object[]) reply;
    throw new ClassCastException("not an array of " + lengthMin);
  }

  private static <T> T understood(Supplier<T> reply) {
    try {
      return reply.get();
    } catch (ClassCastException | NullPointerException error) {
      throw new MeshUnavailableException(
          "the sidecar answered in a way that this version does not know; are both of one release?",
          error);
    }
  }

  private static Map<String, byte[]> fields(Object[] flat) {
    Map<String, byte[]> fields = new LinkedHashMap<>();
    for (int i = 0; i + 1 < flat.length; i += 2) fields.put(text(flat[i]), (byte[]) flat[i + 1]);
    return fields;
  }

  private static String text(Object bytes) {
    return bytes == null ? "" : new String((byte[]) bytes, StandardCharsets.UTF_8);
  }
}

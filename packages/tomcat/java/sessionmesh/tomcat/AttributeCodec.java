package sessionmesh.tomcat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InvalidClassException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.ConcurrentModificationException;

/**
 * One attribute as bytes: a letter, then text for strings and numbers, a JDK stream for all else.
 *
 *   s text · i 42 · l 42 · d 4.2 · b true · j JDK object stream
 *
 * Each attribute is a stream of its own, so one that cannot be read takes no other along; an object
 * that two attributes share becomes two. Not here: which bytes are kept (SessionContent).
 */
final class AttributeCodec {
  private static final int TRIES = 4;

  private final ClassAllowList allowed;
  private final ClassLoader loader;

  /** `loader`: the web application's, whose version of a class counts. */
  AttributeCodec(ClassAllowList allowed, ClassLoader loader) {
    this.allowed = allowed;
    this.loader = loader;
  }

  /** Whether a value cannot be changed in place, so that only setting it can change it. */
  static boolean isImmutable(Object value) {
    return value instanceof String
        || value instanceof Integer
        || value instanceof Long
        || value instanceof Boolean
        || value instanceof Double;
  }

  /** Whether the outermost class may be written at all; the inner ones are seen when it is. */
  boolean allows(Object value) {
    return allowed.allows(value.getClass(), loader);
  }

  /** Throws where something in it is not serialisable or not allowed. */
  byte[] encode(Object value) throws IOException {
    if (value instanceof Integer) return tagged('i', value.toString());
    if (value instanceof Long) return tagged('l', value.toString());
    if (value instanceof Boolean) return tagged('b', value.toString());
    if (value instanceof Double) return tagged('d', value.toString());
    if (value instanceof String) {
      byte[] bytes = tagged('s', (String) value);
      // A lone surrogate has no UTF-8; such a string goes as an object.
      if (text(bytes).equals(value)) return bytes;
    }
    for (int tries = 1; ; tries++) {
      try {
        return stream(value);
      } catch (ConcurrentModificationException error) {
        // Another request of this session was changing it at that moment.
        if (tries == TRIES) throw new IOException("it is being changed all the time", error);
      }
    }
  }

  /** Throws where a class is unknown here, has changed in an incompatible way, or is not allowed. */
  Object decode(byte[] bytes) throws IOException, ClassNotFoundException {
    switch (bytes.length == 0 ? 0 : bytes[0]) {
      case 's':
        return text(bytes);
      case 'i':
        return Integer.valueOf(text(bytes));
      case 'l':
        return Long.valueOf(text(bytes));
      case 'b':
        return Boolean.valueOf(text(bytes));
      case 'd':
        return Double.valueOf(text(bytes));
      case 'j':
        try (ObjectInputStream in = new AllowedInput(bytes)) {
          return in.readObject();
        }
      default:
        throw new IOException("written by a later version");
    }
  }

  /**
   * Whether `now` is only another way of writing what `before` says: a HashMap, say, may change its
   * order by being read back.
   */
  boolean isSame(byte[] before, byte[] now) {
    if (Arrays.equals(before, now)) return true;
    if (before == null || now[0] != 'j' || before.length == 0 || before[0] != 'j') return false;
    try {
      return Arrays.equals(encode(decode(before)), now);
    } catch (IOException | ClassNotFoundException | RuntimeException | LinkageError error) {
      return false;
    }
  }

  private byte[] stream(Object value) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    bytes.write('j');
    try (ObjectOutputStream out = new AllowedOutput(bytes)) {
      out.writeObject(value);
    }
    return bytes.toByteArray();
  }

  private static byte[] tagged(char tag, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    byte[] bytes = new byte[utf8.length + 1];
    bytes[0] = (byte) tag;
    System.arraycopy(utf8, 0, bytes, 1, utf8.length);
    return bytes;
  }

  private static String text(byte[] bytes) {
    return new String(bytes, 1, bytes.length - 1, StandardCharsets.UTF_8);
  }

  private static InvalidClassException notAllowed(String className) {
    return new InvalidClassException(className, "not among the classes that `allow` names");
  }

  /** Refuses at once what no server would read. */
  private final class AllowedOutput extends ObjectOutputStream {
    AllowedOutput(OutputStream out) throws IOException {
      super(out);
    }

    @Override
    protected void annotateClass(Class<?> type) throws IOException {
      if (!type.isPrimitive() && !allowed.allows(type, loader)) throw notAllowed(type.getName());
    }

    @Override
    protected void annotateProxyClass(Class<?> type) throws IOException {
      throw notAllowed(type.getName());
    }
  }

  /** Loads nothing that is not allowed, and what it loads it takes from the web application. */
  private final class AllowedInput extends ObjectInputStream {
    AllowedInput(byte[] bytes) throws IOException {
      super(skippingTag(bytes));
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass description)
        throws IOException, ClassNotFoundException {
      String name = description.getName();
      boolean isNamed = allowed.allows(name);
      if (!isNamed && !allowed.asksLoader()) throw notAllowed(name);
      Class<?> type = Class.forName(name, false, loader);
      if (!isNamed && !allowed.allows(type, loader)) throw notAllowed(name);
      return type;
    }

    @Override
    protected Class<?> resolveProxyClass(String[] interfaces) throws IOException {
      throw notAllowed("a proxy of " + String.join(", ", interfaces));
    }
  }

  private static InputStream skippingTag(byte[] bytes) {
    return new ByteArrayInputStream(bytes, 1, bytes.length - 1);
  }
}

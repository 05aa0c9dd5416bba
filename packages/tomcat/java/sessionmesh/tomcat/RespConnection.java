package sessionmesh.tomcat;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One blocking connection to the sidecar that speaks RESP2: a command goes out, its reply comes back.
 *
 * Replies are `byte[]` (bulk and simple strings), `Long`, `Object[]`, or null; an error reply is thrown
 * as {@link ErrorReply}, after which the connection is as good as before. After any other exception it
 * has to be closed. Not here: which connection is used, and when to try again (RespPool).
 */
final class RespConnection implements Closeable {
  /** More than any session may be; a longer announcement is taken for garbage. */
  private static final int BULK_BYTES_MAX = 64 * 1024 * 1024;

  private static final int LINE_BYTES_MAX = 65_536;

  private static final byte[] CRLF = {'\r', '\n'};

  private final Socket socket = new Socket();
  private final InputStream in;

  /** What was received and not yet read: from `at` until before `end`. */
  private final byte[] received = new byte[8192];

  private int at;
  private int end;

  /** The sidecar understood, and said no. */
  static final class ErrorReply extends IOException {
    private static final long serialVersionUID = 1L;

    ErrorReply(String text) {
      super(text);
    }
  }

  RespConnection(InetSocketAddress address, int connectTimeoutMs, int timeoutMs)
      throws IOException {
    try {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(timeoutMs);
      socket.connect(address, connectTimeoutMs);
      in = socket.getInputStream();
    } catch (IOException | RuntimeException error) {
      socket.close();
      throw error;
    }
  }

  /** Sends one command and waits for its reply, at most the time-out for each piece of it. */
  Object call(List<byte[]> command) throws IOException {
    socket.getOutputStream().write(encode(command));
    return reply();
  }

  /** Whether the sidecar has closed its end, or said something unasked, while nobody was looking. */
  boolean isSpoiled() {
    try {
      return socket.isClosed() || at < end || in.available() > 0;
    } catch (IOException error) {
      return true;
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException ignored) {
      // Nothing is left to be done with it.
    }
  }

  private static byte[] encode(List<byte[]> command) {
    int size = 16;
    for (byte[] argument : command) size += argument.length + 16;
    ByteArrayOutputStream out = new ByteArrayOutputStream(size);
    header(out, '*', command.size());
    for (byte[] argument : command) {
      header(out, '$', argument.length);
      out.write(argument, 0, argument.length);
      out.write(CRLF, 0, 2);
    }
    return out.toByteArray();
  }

  private static void header(ByteArrayOutputStream out, char kind, int count) {
    out.write(kind);
    byte[] digits = Integer.toString(count).getBytes(StandardCharsets.US_ASCII);
    out.write(digits, 0, digits.length);
    out.write(CRLF, 0, 2);
  }

  private Object reply() throws IOException {
    int kind = next();
    switch (kind) {
      case '+':
        return line().getBytes(StandardCharsets.UTF_8);
      case '-':
        throw new ErrorReply(line());
      case ':':
        return number();
      case '$':
        return bulk(number());
      case '*':
        return array(number());
      default:
        throw new IOException("not a RESP2 reply: it begins with byte " + kind);
    }
  }

  private byte[] bulk(long length) throws IOException {
    if (length < 0) return null;
    if (length > BULK_BYTES_MAX) throw new IOException("a reply of " + length + " bytes");
    byte[] bytes = new byte[(int) length];
    int filled = Math.min(bytes.length, end - at);
    System.arraycopy(received, at, bytes, 0, filled);
    at += filled;
    while (filled < bytes.length) {
      int count = in.read(bytes, filled, bytes.length - filled);
      if (count < 0) throw new EOFException("the connection ended within a reply");
      filled += count;
    }
    endOfLine();
    return bytes;
  }

  private Object[] array(long length) throws IOException {
    if (length < 0) return null;
    if (length > 1_000_000) throw new IOException("a reply of " + length + " elements");
    Object[] elements = new Object[(int) length];
    for (int i = 0; i < elements.length; i++) elements[i] = reply();
    return elements;
  }

  private long number() throws IOException {
    int digit = next();
    boolean isNegative = digit == '-';
    if (isNegative) digit = next();
    long number = 0;
    for (int digits = 0; digit != '\r'; digits++, digit = next()) {
      if (digit < '0' || digit > '9' || digits > 17) throw new IOException("not a number");
      number = number * 10 + (digit - '0');
    }
    at--;
    endOfLine();
    return isNegative ? -number : number;
  }

  private String line() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream(64);
    for (int next = next(); next != '\r'; next = next()) {
      if (out.size() > LINE_BYTES_MAX) throw new IOException("a line without end");
      out.write(next);
    }
    at--;
    endOfLine();
    return new String(out.toByteArray(), StandardCharsets.UTF_8);
  }

  private void endOfLine() throws IOException {
    if (next() != '\r' || next() != '\n') throw new IOException("a reply without its end");
  }

  private int next() throws IOException {
    if (at == end) {
      at = 0;
      end = Math.max(0, in.read(received));
      if (end == 0) throw new EOFException("the sidecar closed the connection");
    }
    return received[at++] & 0xff;
  }
}

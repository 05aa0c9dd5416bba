package sessionmesh.tomcat;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The connections to the sidecar: one for each request that is talking to it now, idle ones kept.
 *
 * The sidecar may be restarted at any time. A connection that it closed is found out when it is used:
 * the command goes once more over a new one (all of ours may be repeated). While nothing listens, or
 * the sidecar says NOTREADY, connecting is tried again until `reconnectMs` are over; who comes while
 * it is known to be down tries only once.
 *
 * Not here: what the commands mean (MeshClient).
 */
final class RespPool {
  private static final int IDLE_MAX = 64;
  private static final int PAUSE_MS = 25;

  private final ConcurrentLinkedDeque<RespConnection> idle = new ConcurrentLinkedDeque<>();
  private final AtomicInteger idleCount = new AtomicInteger();
  private final InetSocketAddress address;
  private final int connectTimeoutMs;
  private final int timeoutMs;
  private final int reconnectMs;
  private final String password;
  private volatile boolean isDown;
  private volatile boolean isClosed;

  RespPool(InetSocketAddress address, String password, int[] timesMs) {
    this.address = address;
    this.password = password;
    this.connectTimeoutMs = timesMs[0];
    this.timeoutMs = timesMs[1];
    this.reconnectMs = timesMs[2];
  }

  /** The reply to a command that does no harm when it is sent twice. */
  Object call(List<byte[]> command) {
    long giveUpAt = System.nanoTime() + reconnectMs * 1_000_000L;
    boolean hadBroken = false;
    while (true) {
      try {
        Object reply = callOnce(command);
        isDown = false;
        return reply;
      } catch (IOException error) {
        boolean isFirstBreak = !hadBroken && isBroken(error);
        hadBroken = hadBroken || isFirstBreak;
        if (isFirstBreak) continue;
        boolean isPatient = !isDown && isPassing(error) && System.nanoTime() < giveUpAt;
        if (!isPatient || !pause()) throw unavailable(error);
      }
    }
  }

  /** Closes what is idle; what is in use is closed when it comes back. */
  void close() {
    isClosed = true;
    closeIdle();
  }

  private void closeIdle() {
    for (RespConnection each = idle.pollFirst(); each != null; each = idle.pollFirst()) {
      idleCount.decrementAndGet();
      each.close();
    }
  }

  private Object callOnce(List<byte[]> command) throws IOException {
    RespConnection connection = borrow();
    boolean isGood = false;
    try {
      Object reply = connection.call(command);
      isGood = true;
      return reply;
    } catch (RespConnection.ErrorReply error) {
      isGood = true;
      throw error;
    } finally {
      if (isGood) giveBack(connection);
      else connection.close();
      // What broke one connection broke them all, most likely: the next try shall not meet another.
      if (!isGood) closeIdle();
    }
  }

  private RespConnection borrow() throws IOException {
    for (RespConnection each = idle.pollFirst(); each != null; each = idle.pollFirst()) {
      idleCount.decrementAndGet();
      if (!each.isSpoiled()) return each;
      each.close();
    }
    RespConnection fresh = new RespConnection(address, connectTimeoutMs, timeoutMs);
    if (password == null || password.isEmpty()) return fresh;
    try {
      fresh.call(Arrays.asList(bytes("AUTH"), bytes(password)));
      return fresh;
    } catch (IOException error) {
      fresh.close();
      throw error;
    }
  }

  private void giveBack(RespConnection connection) {
    if (isClosed || idleCount.get() >= IDLE_MAX) {
      connection.close();
      return;
    }
    idleCount.incrementAndGet();
    idle.addFirst(connection);
  }

  /** A connection that broke under the command; one that was silent for the whole time-out is not. */
  private static boolean isBroken(IOException error) {
    return !(error instanceof RespConnection.ErrorReply)
        && !(error instanceof ConnectException)
        && !(error instanceof SocketTimeoutException);
  }

  private static boolean isPassing(IOException error) {
    if (error instanceof RespConnection.ErrorReply) return isNotReady(error);
    return !(error instanceof SocketTimeoutException);
  }

  private static boolean isNotReady(IOException error) {
    return error.getMessage().startsWith("NOTREADY");
  }

  private static boolean pause() {
    try {
      Thread.sleep(PAUSE_MS);
      return true;
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private MeshUnavailableException unavailable(IOException error) {
    boolean isAnswer = error instanceof RespConnection.ErrorReply && !isNotReady(error);
    if (!isAnswer) isDown = true;
    String said = isAnswer ? "said: " : "cannot be used (is `session-mesh serve` running there?): ";
    return new MeshUnavailableException(
        "the sidecar at " + address + " " + said + error.getMessage(), error);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}

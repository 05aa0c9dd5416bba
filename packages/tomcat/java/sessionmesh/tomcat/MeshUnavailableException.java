package sessionmesh.tomcat;

/**
 * The sidecar could not be reached, was not ready, or would not do what was asked; the text says what
 * to look at.
 *
 * Not a programming error and not a lost session: the same request may succeed a moment later, so the
 * valve answers 503 where `onError` is "fail".
 */
public final class MeshUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  MeshUnavailableException(String message, Throwable cause) {
    super("[session-mesh] " + message, cause);
  }
}

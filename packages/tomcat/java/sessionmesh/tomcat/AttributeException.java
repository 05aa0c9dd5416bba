package sessionmesh.tomcat;

/**
 * An attribute that cannot be carried to other servers; the text names it, its class and the remedy.
 *
 * Not thrown for what comes from other servers: that is kept as bytes and hidden (see SessionContent).
 */
public final class AttributeException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  AttributeException(String message, Throwable cause) {
    super("[session-mesh] " + message, cause);
  }
}

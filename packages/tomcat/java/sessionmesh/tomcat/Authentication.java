package sessionmesh.tomcat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.catalina.authenticator.SavedRequest;
import org.apache.catalina.realm.GenericPrincipal;
import org.apache.catalina.session.StandardSession;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * What Tomcat's own log-in keeps in a session, as fields of the mesh: who it is, with his roles, and,
 * while a FORM login goes on, the request that it began with.
 *
 * Never a password, and no principal but Tomcat's own: others stay on this server, and its user logs in
 * again elsewhere. Not here: logins that an application keeps in attributes (most frameworks).
 */
final class Authentication {
  private static final Log LOG = LogFactory.getLog(Authentication.class);
  private static final String PRINCIPAL = "p";
  private static final String NOTE = "n:";

  /** As in Tomcat's authenticator.Constants, one of which is in Tomcat 9 only. */
  private static final String NOTES = "org.apache.catalina.authenticator.";

  private static final String REQUEST = "REQUEST";
  private static final String SESSION_ID = "SESSION_ID";
  private static final String FORM_PRINCIPAL = "PRINCIPAL";

  private static final AttributeCodec CODEC =
      new AttributeCodec(
          new ClassAllowList(
              SavedRequest.class.getName()
                  + " org.apache.tomcat.util.buf javax.servlet.http.Cookie"
                  + " jakarta.servlet.http.Cookie",
              false),
          SavedRequest.class.getClassLoader());

  private Authentication() {}

  /** The fields as they should be in the mesh; null where there is none. */
  static Map<String, byte[]> fieldsOf(StandardSession session) {
    Map<String, byte[]> fields = new LinkedHashMap<>();
    fields.put(PRINCIPAL, principal(session.getPrincipal(), session.getAuthType()));
    Object formPrincipal = session.getNote(NOTES + FORM_PRINCIPAL);
    fields.put(NOTE + FORM_PRINCIPAL, principal((Principal) formPrincipal, null));
    Object id = session.getNote(NOTES + SESSION_ID);
    fields.put(NOTE + SESSION_ID, id == null ? null : bytes(id.toString()));
    fields.put(NOTE + REQUEST, request(session.getNote(NOTES + REQUEST)));
    return fields;
  }

  /** Gives a session what its fields say, where they have changed between two readings. */
  static void apply(StandardSession session, SessionContent content, Map<String, byte[]> before) {
    if (isNews(PRINCIPAL, content, before)) {
      String[] parts = parts(content.field(PRINCIPAL));
      session.setPrincipal(principal(parts));
      session.setAuthType(parts == null || parts[0].isEmpty() ? null : parts[0]);
    }
    if (isNews(NOTE + FORM_PRINCIPAL, content, before)) {
      note(session, FORM_PRINCIPAL, principal(parts(content.field(NOTE + FORM_PRINCIPAL))));
    }
    if (isNews(NOTE + SESSION_ID, content, before)) {
      byte[] id = content.field(NOTE + SESSION_ID);
      note(session, SESSION_ID, id == null ? null : new String(id, StandardCharsets.UTF_8));
    }
    if (isNews(NOTE + REQUEST, content, before)) {
      note(session, REQUEST, request(content.field(NOTE + REQUEST)));
    }
  }

  private static boolean isNews(
      String field, SessionContent content, Map<String, byte[]> before) {
    return !Arrays.equals(content.field(field), before.get(field));
  }

  private static void note(StandardSession session, String name, Object value) {
    if (value == null) session.removeNote(NOTES + name);
    else session.setNote(NOTES + name, value);
  }

  private static byte[] principal(Principal principal, String authType) {
    if (!(principal instanceof GenericPrincipal)) return null;
    List<String> parts = new ArrayList<>();
    parts.add(authType == null ? "" : authType);
    parts.add(principal.getName());
    parts.addAll(Arrays.asList(((GenericPrincipal) principal).getRoles()));
    return bytes(String.join("\0", parts));
  }

  private static String[] parts(byte[] field) {
    return field == null ? null : new String(field, StandardCharsets.UTF_8).split("\0", -1);
  }

  private static Principal principal(String[] parts) {
    if (parts == null || parts.length < 2) return null;
    List<String> roles = Arrays.asList(parts).subList(2, parts.length);
    return new GenericPrincipal(parts[1], null, new ArrayList<>(roles));
  }

  private static byte[] request(Object note) {
    if (!(note instanceof SavedRequest)) return null;
    try {
      return CODEC.encode(note);
    } catch (IOException error) {
      LOG.warn("[session-mesh] the request that a login began with stays on this server: " + error);
      return null;
    }
  }

  private static Object request(byte[] field) {
    try {
      return field == null ? null : CODEC.decode(field);
    } catch (IOException | ClassNotFoundException | RuntimeException error) {
      LOG.warn("[session-mesh] the request that a login began with cannot be read: " + error);
      return null;
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}

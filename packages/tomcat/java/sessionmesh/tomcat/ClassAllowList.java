package sessionmesh.tomcat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which classes may be written to a session and read from one: values and collections of the JDK, what
 * `allow` names, and the web application's own where `allowWebappClasses` is on.
 *
 * It looks at every class in an attribute, not only at the outermost, and alike when writing and when
 * reading, so that what one server accepts another can read. Arrays are judged by what is in them.
 * Not here: limits on size and depth; what comes was written by a server of the same cluster.
 */
final class ClassAllowList {
  private static final Set<String> JDK_PACKAGES =
      new HashSet<>(
          Arrays.asList(
              "java.math",
              "java.time",
              "java.time.chrono",
              "java.time.zone",
              "java.util",
              "java.util.concurrent",
              "java.util.concurrent.atomic",
              "java.util.concurrent.locks"));

  private static final Set<String> JDK_CLASSES =
      new HashSet<>(
          Arrays.asList(
              "java.lang.Boolean",
              "java.lang.Byte",
              "java.lang.Character",
              "java.lang.Double",
              "java.lang.Enum",
              "java.lang.Float",
              "java.lang.Integer",
              "java.lang.Long",
              "java.lang.Number",
              "java.lang.Object",
              "java.lang.Short",
              "java.lang.String",
              "java.lang.String$CaseInsensitiveComparator",
              "java.lang.StringBuffer",
              "java.lang.StringBuilder",
              "java.net.URI",
              "java.sql.Date",
              "java.sql.Time",
              "java.sql.Timestamp",
              "sun.util.calendar.ZoneInfo"));

  private final String[] named;
  private final boolean isWebappAllowed;

  /** `allow`: classes, and packages with those beneath them, separated by commas or blanks. */
  ClassAllowList(String allow, boolean isWebappAllowed) {
    List<String> names = new ArrayList<>();
    for (String each : allow.split("[\\s,]+")) {
      String name = each.replaceAll("\\.?\\*?$", "");
      if (!name.isEmpty()) names.add(name);
    }
    this.named = names.toArray(new String[0]);
    this.isWebappAllowed = isWebappAllowed;
  }

  /** Whether a class of this name may pass, before it is loaded. */
  boolean allows(String className) {
    String name = element(className);
    if (name.isEmpty() || JDK_CLASSES.contains(name)) return true;
    int dot = name.lastIndexOf('.');
    if (dot > 0 && JDK_PACKAGES.contains(name.substring(0, dot))) return true;
    for (String each : named) {
      boolean isWithin = name.length() > each.length() && ".$".indexOf(name.charAt(each.length())) >= 0;
      if (name.equals(each) || (isWithin && name.startsWith(each))) return true;
    }
    return false;
  }

  /** Whether a class may pass; `loader` is the web application's. */
  boolean allows(Class<?> type, ClassLoader loader) {
    if (allows(type.getName())) return true;
    Class<?> element = type;
    while (element.isArray()) element = element.getComponentType();
    return isWebappAllowed && element.getClassLoader() == loader;
  }

  /** Whether the name alone does not decide: the class has to be found first, without being run. */
  boolean asksLoader() {
    return isWebappAllowed;
  }

  /** The name of an array's innermost class; nothing for primitives. */
  private static String element(String className) {
    if (!className.startsWith("[")) return className;
    String element = className.substring(className.lastIndexOf('[') + 1);
    return element.startsWith("L") ? element.substring(1, element.length() - 1) : "";
  }
}

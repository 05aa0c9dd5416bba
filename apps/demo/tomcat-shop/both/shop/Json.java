package shop;

import java.util.List;

/** One JSON object, written field by field: text, whole numbers, lists of text, sets as keys. */
final class Json {
  private final StringBuilder out = new StringBuilder();

  Json field(String name, Object value) {
    begin(name);
    write(value);
    return this;
  }

  /** An object that has these keys, all of them true. */
  Json keys(String name, List<String> keys) {
    begin(name);
    out.append('{');
    for (int i = 0; i < keys.size(); i++) {
      if (i > 0) out.append(',');
      write(keys.get(i));
      out.append(":true");
    }
    out.append('}');
    return this;
  }

  @Override
  public String toString() {
    return "{" + out + "}";
  }

  private void begin(String name) {
    if (out.length() > 0) out.append(',');
    write(name);
    out.append(':');
  }

  private void write(Object value) {
    if (value == null || value instanceof Integer) {
      out.append(value);
    } else if (value instanceof List<?> list) {
      out.append('[');
      for (int i = 0; i < list.size(); i++) {
        if (i > 0) out.append(',');
        write(list.get(i));
      }
      out.append(']');
    } else {
      quote(value.toString());
    }
  }

  private void quote(String text) {
    out.append('"');
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c < ' ') out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    out.append('"');
  }
}

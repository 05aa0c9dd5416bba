package web;

/** Something that cannot be carried anywhere. */
public final class Opaque {
  @Override
  public String toString() {
    return "opaque";
  }
}

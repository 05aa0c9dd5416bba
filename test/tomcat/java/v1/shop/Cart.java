package shop;

import java.io.Serializable;

/** A cart as version 1 of the application has it; the other version cannot read it. */
public final class Cart implements Serializable {
  private static final long serialVersionUID = 1L;

  @Override
  public String toString() {
    return "cart of version 1";
  }
}

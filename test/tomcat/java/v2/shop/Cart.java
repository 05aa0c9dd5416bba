package shop;

import java.io.Serializable;

/** A cart as version 2 of the application has it; the other version cannot read it. */
public final class Cart implements Serializable {
  private static final long serialVersionUID = 2L;

  @Override
  public String toString() {
    return "cart of version 2";
  }
}

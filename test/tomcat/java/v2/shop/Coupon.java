package shop;

import java.io.Serializable;

/** A class that version 1 does not have. */
public final class Coupon implements Serializable {
  private static final long serialVersionUID = 1L;

  @Override
  public String toString() {
    return "coupon";
  }
}

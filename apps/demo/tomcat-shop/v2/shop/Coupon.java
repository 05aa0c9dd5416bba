package shop;

import java.io.Serializable;

/** What the second version gives to everybody who comes by; the first one lacks this class. */
final class Coupon implements Serializable {
  private static final long serialVersionUID = 1;
  final String code;

  Coupon(String code) {
    this.code = code;
  }
}

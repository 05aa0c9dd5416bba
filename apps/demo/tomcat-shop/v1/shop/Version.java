package shop;

import jakarta.servlet.http.HttpSession;

/** What is particular to the first version: nothing. */
final class Version {
  static final int NUMBER = 1;

  static void welcome(HttpSession session) {}

  static String coupon(HttpSession session) {
    return null;
  }

  static boolean hasLostCoupon(HttpSession session) {
    return false;
  }

  static String label(Item item, boolean isOfSecondVersion) {
    return item.name;
  }
}

package shop;

import jakarta.servlet.http.HttpSession;

/** What is particular to the second version: things in the cart are counted, and there are coupons. */
final class Version {
  static final int NUMBER = 2;

  static void welcome(HttpSession session) {
    if (session.getAttribute("couponGiven") != null) return;
    session.setAttribute("couponGiven", Boolean.TRUE);
    session.setAttribute("coupon", new Coupon("TEN"));
  }

  static String coupon(HttpSession session) {
    return session.getAttribute("coupon") instanceof Coupon coupon ? coupon.code : null;
  }

  /** Given by this version, and lost at one that lacks its class. */
  static boolean hasLostCoupon(HttpSession session) {
    return session.getAttribute("couponGiven") != null && coupon(session) == null;
  }

  /** A count that was put by this version, and is gone, shows as a thing that nobody put. */
  static String label(Item item, boolean isOfSecondVersion) {
    return isOfSecondVersion && item.count == 0 ? item.name + " (count lost)" : item.name;
  }
}

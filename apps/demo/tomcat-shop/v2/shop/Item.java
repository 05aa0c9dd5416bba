package shop;

import java.io.Serializable;

/** A thing in the cart, as the second version knows it: of what the first one put, there is none. */
final class Item implements Serializable {
  private static final long serialVersionUID = 1;
  final String name;
  final int count;

  Item(String name) {
    this.name = name;
    this.count = 1;
  }
}

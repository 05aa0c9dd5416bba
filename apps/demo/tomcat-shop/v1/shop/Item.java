package shop;

import java.io.Serializable;

/** A thing in the cart, as the first version of the shop knows it. */
final class Item implements Serializable {
  private static final long serialVersionUID = 1;
  final String name;

  Item(String name) {
    this.name = name;
  }
}

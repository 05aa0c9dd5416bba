package shop;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The shop: a servlet as its users would write it, with the HttpSession that Tomcat gives it.
 *
 * <p>What two tabs or two machines may put at the same time has an attribute of its own each, as
 * anything that shares sessions by attribute asks for; so has what each Tomcat counts. Nothing here
 * knows which manager keeps the sessions. What differs between the versions is in Version.java.
 */
public final class Shop extends HttpServlet {
  private static final long serialVersionUID = 1;
  private static final long SLOW_MS_MAX = 5_000;
  private static final String CART = "cart:";
  private static final String LIKES = "likes:";
  private static final String VIEWS = "views:";
  private static final String NODE = System.getProperty("shop.node", "tomcat");

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    switch (request.getServletPath()) {
      case "/readyz" -> {
        // A shop without sessions is none.
        request.getSession(false);
        text(response, 200, "ready");
      }
      case "/peek" -> show(request.getSession(false), response);
      case "/account" -> {
        HttpSession session = request.getSession(true);
        if (session.getAttribute("landedOn") == null) session.setAttribute("landedOn", NODE);
        if (session.getAttribute("user") != null) Version.welcome(session);
        session.setAttribute(VIEWS + NODE, number(session.getAttribute(VIEWS + NODE)) + 1);
        show(session, response);
      }
      case "/" -> toAccount(response);
      default -> text(response, 404, "no such page");
    }
  }

  @Override
  protected void doPost(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    try {
      switch (request.getServletPath()) {
        case "/login" -> logIn(request, response);
        case "/logout" -> {
          HttpSession session = request.getSession(false);
          if (session != null) session.invalidate();
          response.setStatus(204);
        }
        case "/cart", "/likes", "/note" -> put(request, response);
        default -> text(response, 404, "no such page");
      }
    } catch (IllegalStateException ended) {
      // Logged out in another tab while this one was being served.
      text(response, 401, "log in first");
    }
  }

  private static void logIn(HttpServletRequest request, HttpServletResponse response) {
    HttpSession session = request.getSession(true);
    request.changeSessionId();
    for (String name : names(session, VIEWS)) session.removeAttribute(name);
    session.setAttribute("user", request.getParameter("user"));
    toAccount(response);
  }

  private static void put(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    HttpSession session = request.getSession(false);
    pause(request.getParameter("slowMs"));
    if (session == null || session.getAttribute("user") == null) {
      text(response, 401, "log in first");
      return;
    }
    String item = request.getParameter("item");
    switch (request.getServletPath()) {
      case "/cart" -> session.setAttribute(CART + Version.NUMBER + ":" + item, new Item(item));
      case "/likes" -> session.setAttribute(LIKES + item, Boolean.TRUE);
      default -> session.setAttribute("note", request.getParameter("note"));
    }
    response.setStatus(204);
  }

  private static void show(HttpSession session, HttpServletResponse response) throws IOException {
    Json json = new Json().field("node", NODE).field("version", Version.NUMBER);
    if (session == null) {
      json.field("user", null).field("cart", List.of()).keys("likes", List.of());
      json.field("note", null).field("views", 0);
    } else {
      List<String> likes = new ArrayList<>();
      for (String name : names(session, LIKES)) likes.add(name.substring(LIKES.length()));
      int views = 0;
      for (String name : names(session, VIEWS)) views += number(session.getAttribute(name));
      json.field("user", session.getAttribute("user")).field("cart", cart(session));
      json.keys("likes", likes).field("note", session.getAttribute("note"));
      json.field("views", views).field("coupon", Version.coupon(session));
    }
    response.setContentType("application/json");
    response.setCharacterEncoding("UTF-8");
    response.getWriter().write(json.toString());
  }

  private static List<String> cart(HttpSession session) {
    List<String> cart = new ArrayList<>();
    for (String name : names(session, CART)) {
      if (session.getAttribute(name) instanceof Item item) {
        cart.add(Version.label(item, name.startsWith(CART + "2:")));
      }
    }
    // Nobody put this there, so whoever audits the cart stumbles over it.
    if (Version.hasLostCoupon(session)) cart.add("a coupon that was lost");
    return cart;
  }

  private static List<String> names(HttpSession session, String prefix) {
    List<String> names = new ArrayList<>();
    for (String name : Collections.list(session.getAttributeNames())) {
      if (name.startsWith(prefix)) names.add(name);
    }
    Collections.sort(names);
    return names;
  }

  private static int number(Object value) {
    return value instanceof Integer number ? number : 0;
  }

  private static void pause(String ms) {
    if (ms == null) return;
    try {
      Thread.sleep(Math.min(Long.parseLong(ms), SLOW_MS_MAX));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void toAccount(HttpServletResponse response) {
    response.setStatus(303);
    response.setHeader("Location", "/account");
  }

  private static void text(HttpServletResponse response, int status, String text)
      throws IOException {
    response.setStatus(status);
    response.setContentType("text/plain");
    response.getWriter().println(text);
  }
}

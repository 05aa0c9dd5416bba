package web;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;

/**
 * The application under test: each path under /do/ uses the session in one way.
 *
 * Written for `jakarta`; for Tomcat 9 the tests compile it with `javax` in its place. Not a good
 * example of a servlet.
 */
public final class Shop extends HttpServlet {
  private static final long serialVersionUID = 1L;

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws ServletException, IOException {
    response.setContentType("text/plain;charset=UTF-8");
    String name = request.getParameter("name");
    String value = request.getParameter("value");
    switch (request.getPathInfo()) {
      case "/nothing":
        response.getWriter().print("ok");
        return;
      case "/get":
        HttpSession there = request.getSession(false);
        response.getWriter().print(there == null ? "no session" : text(there, name));
        return;
      case "/set":
        request.getSession().setAttribute(name, value);
        response.getWriter().print("ok");
        return;
      case "/count":
        response.getWriter().print(count(request.getSession(), name));
        return;
      case "/remove":
        request.getSession().removeAttribute(name);
        response.getWriter().print("ok");
        return;
      case "/add":
        response.getWriter().print(add(request.getSession(), name, value));
        return;
      case "/info":
        response.getWriter().print(info(request.getSession(false)));
        return;
      case "/new":
        HttpSession made = request.getSession();
        response.getWriter().print(made.isNew() + " " + made.getId());
        return;
      case "/idle":
        request.getSession().setMaxInactiveInterval(Integer.parseInt(value));
        response.getWriter().print("ok");
        return;
      case "/logout":
        request.getSession().invalidate();
        response.getWriter().print("ok");
        return;
      case "/regenerate":
        request.getSession();
        response.getWriter().print(request.changeSessionId());
        return;
      case "/counts":
        response.getWriter().print(Listener.counts());
        return;
      default:
        serviceOddly(request, response, name, value);
    }
  }

  private void serviceOddly(
      HttpServletRequest request, HttpServletResponse response, String name, String value)
      throws ServletException, IOException {
    switch (request.getPathInfo()) {
      case "/big":
        request.getSession().setAttribute(name, value);
        body(response.getWriter(), 20_000);
        pause(request);
        return;
      case "/flush":
        request.getSession().setAttribute(name, value);
        response.getWriter().print("first ");
        response.flushBuffer();
        pause(request);
        request.getSession().setAttribute(name + "2", value);
        response.getWriter().print("second");
        return;
      case "/redirect":
        request.getSession().setAttribute(name, value);
        response.sendRedirect("/do/get?name=" + name);
        return;
      case "/error":
        request.getSession().setAttribute(name, value);
        throw new ServletException("as asked for");
      case "/error-untouched":
        response.sendError(Integer.parseInt(value));
        return;
      case "/slow":
        HttpSession session = request.getSession();
        session.getAttribute(name);
        pause(request);
        session.setAttribute(name, value);
        response.getWriter().print("ok");
        return;
      case "/slow-add":
        @SuppressWarnings("unchecked") // reason: the tests put nothing else there
        List<String> held = (List<String>) request.getSession().getAttribute(name);
        pause(request);
        held.add(value);
        response.getWriter().print(held);
        return;
      case "/slow-read":
        response.getWriter().print(request.getSession().getAttribute(name));
        pause(request);
        request.getSession().setAttribute("read", name);
        return;
      case "/slow-regenerate":
        request.getSession();
        pause(request);
        response.getWriter().print(request.changeSessionId());
        return;
      case "/stream":
        stream(request, response, name);
        return;
      case "/object":
        response.getWriter().print(object(request.getSession(), name, value));
        return;
      case "/async":
        async(request, name, value);
        return;
      default:
        response.sendError(404);
    }
  }

  /** Answers in pieces, and counts them in the session. */
  private static void stream(
      HttpServletRequest request, HttpServletResponse response, String name) throws IOException {
    HttpSession session = request.getSession();
    for (int at = 1; at <= 30; at++) {
      session.setAttribute(name, at);
      response.getWriter().println(at + " " + session.getAttribute("clicks"));
      response.flushBuffer();
      pause(request);
    }
  }

  private static void async(HttpServletRequest request, String name, String value) {
    request.getSession().setAttribute(name, "begun");
    AsyncContext context = request.startAsync();
    String how = request.getParameter("how");
    long pauseMs = Long.parseLong(request.getParameter("ms"));
    if (how.equals("timeout")) {
      context.setTimeout(pauseMs);
      context.addListener(new SettingListener(name, value));
      return;
    }
    context.start(
        () -> {
          try {
            Thread.sleep(pauseMs);
            HttpServletRequest same = (HttpServletRequest) context.getRequest();
            same.getSession().setAttribute(name, value);
            if (how.equals("dispatch")) {
              context.dispatch("/do/set?name=" + name + "3&value=" + value);
            } else {
              context.getResponse().getWriter().print("completed");
              context.complete();
            }
          } catch (InterruptedException | IOException error) {
            throw new IllegalStateException(error);
          }
        });
  }

  /** What `value` names is put under `name`, or what is there is shown; by reflection: shop.* differs. */
  private static String object(HttpSession session, String name, String value)
      throws ServletException {
    try {
      if (value != null) session.setAttribute(name, Class.forName(value).getConstructor().newInstance());
      return String.valueOf(session.getAttribute(name));
    } catch (ReflectiveOperationException error) {
      throw new ServletException(error);
    }
  }

  /** Changes a list in place: nothing is set but the first time. */
  private static String add(HttpSession session, String name, String value) {
    @SuppressWarnings("unchecked") // reason: the tests put nothing else there
    List<String> list = (List<String>) session.getAttribute(name);
    if (list == null) session.setAttribute(name, list = new ArrayList<>());
    list.add(value);
    return list.toString();
  }

  private static int count(HttpSession session, String name) {
    Object before = session.getAttribute(name);
    int now = before == null ? 1 : (Integer) before + 1;
    session.setAttribute(name, now);
    return now;
  }

  private static String text(HttpSession session, String name) {
    return String.valueOf(session.getAttribute(name));
  }

  private static String info(HttpSession session) {
    if (session == null) return "no session";
    TreeMap<String, Object> attributes = new TreeMap<>();
    for (String name : Collections.list(session.getAttributeNames())) {
      attributes.put(name, session.getAttribute(name));
    }
    return session.getId()
        + " new=" + session.isNew()
        + " created=" + session.getCreationTime()
        + " accessed=" + session.getLastAccessedTime()
        + " idle=" + session.getMaxInactiveInterval()
        + " " + attributes;
  }

  private static void body(PrintWriter writer, int size) {
    for (int i = 0; i < size; i += 10) writer.print("0123456789");
  }

  private static void pause(HttpServletRequest request) {
    String ms = request.getParameter("ms");
    if (ms == null) return;
    try {
      Thread.sleep(Long.parseLong(ms));
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
  }

  /** Writes when the time is over. */
  private static final class SettingListener implements AsyncListener {
    private final String name;
    private final String value;

    SettingListener(String name, String value) {
      this.name = name;
      this.value = value;
    }

    @Override
    public void onTimeout(AsyncEvent event) throws IOException {
      HttpServletRequest request = (HttpServletRequest) event.getAsyncContext().getRequest();
      request.getSession().setAttribute(name, value);
      event.getAsyncContext().getResponse().getWriter().print("time is over");
      event.getAsyncContext().complete();
    }

    @Override
    public void onComplete(AsyncEvent event) {}

    @Override
    public void onError(AsyncEvent event) {}

    @Override
    public void onStartAsync(AsyncEvent event) {}
  }
}

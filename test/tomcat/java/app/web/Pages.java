package web;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;

/**
 * Pages that Tomcat shows of itself: an error page that counts errors in the session, the form to log
 * in with, and the page behind it.
 */
public final class Pages extends HttpServlet {
  private static final long serialVersionUID = 1L;

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    response.setContentType("text/plain;charset=UTF-8");
    switch (request.getServletPath()) {
      case "/error-page":
        HttpSession session = request.getSession();
        Object before = session.getAttribute("errors");
        int errors = before == null ? 1 : (Integer) before + 1;
        session.setAttribute("errors", errors);
        response.getWriter().print("errors " + errors);
        return;
      case "/login":
        response.getWriter().print("log in, please");
        return;
      default:
        response
            .getWriter()
            .print("hello " + request.getRemoteUser() + " " + request.isUserInRole("user"));
    }
  }
}

package web;

import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** Counts what Tomcat tells of sessions. */
public final class Listener
    implements HttpSessionListener, HttpSessionAttributeListener, HttpSessionIdListener {
  private static final AtomicIntegerArray COUNTS = new AtomicIntegerArray(6);

  static String counts() {
    return "created=" + COUNTS.get(0)
        + " destroyed=" + COUNTS.get(1)
        + " added=" + COUNTS.get(2)
        + " replaced=" + COUNTS.get(3)
        + " removed=" + COUNTS.get(4)
        + " renamed=" + COUNTS.get(5);
  }

  @Override
  public void sessionCreated(HttpSessionEvent event) {
    COUNTS.incrementAndGet(0);
  }

  @Override
  public void sessionDestroyed(HttpSessionEvent event) {
    COUNTS.incrementAndGet(1);
  }

  @Override
  public void attributeAdded(HttpSessionBindingEvent event) {
    COUNTS.incrementAndGet(2);
  }

  @Override
  public void attributeReplaced(HttpSessionBindingEvent event) {
    COUNTS.incrementAndGet(3);
  }

  @Override
  public void attributeRemoved(HttpSessionBindingEvent event) {
    COUNTS.incrementAndGet(4);
  }

  @Override
  public void sessionIdChanged(HttpSessionEvent event, String oldId) {
    COUNTS.incrementAndGet(5);
  }
}

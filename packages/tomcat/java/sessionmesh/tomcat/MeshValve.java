package sessionmesh.tomcat;

import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * Begins an exchange for every request of a web application, and makes an error of a response whose
 * sessions could not be read or saved.
 *
 * The manager puts it into the pipeline, before Tomcat's authenticators, which answer requests without
 * asking those behind them. Not here: the moment at which a response's bytes leave (Exchange).
 */
public final class MeshValve extends ValveBase {
  private static final Log LOG = LogFactory.getLog(MeshValve.class);

  /** For the manager. */
  public MeshValve() {
    super(true);
  }

  @Override
  public void invoke(Request request, Response response) {
    Exchange exchange = Exchange.enter(request, response);
    try {
      getNext().invoke(request, response);
    } catch (MeshUnavailableException error) {
      exchange.fail(error);
    } catch (Exception error) {
      // Not named, because its package is another in Tomcat 9 than in 10.
      throw MeshValve.<RuntimeException>unchanged(error);
    } finally {
      exchange.save(!request.isAsync());
      if (request.isAsync()) Exchange.leave();
    }
    if (exchange.failure() != null) answer(exchange.failure(), request, response);
  }

  private void answer(RuntimeException failure, Request request, Response response) {
    LOG.error("[session-mesh] " + request.getMethod() + " " + request.getRequestURI(), failure);
    if (response.isCommitted()) return;
    // Else Tomcat would answer 500, as for any exception that came out of a servlet.
    request.removeAttribute("javax.servlet.error.exception");
    request.removeAttribute("jakarta.servlet.error.exception");
    response.reset();
    boolean isPassing = failure instanceof MeshUnavailableException;
    if (isPassing) response.setHeader("Retry-After", "1");
    try {
      response.sendError(isPassing ? 503 : 500, isPassing ? "Sessions are not available" : null);
    } catch (IOException error) {
      LOG.debug("[session-mesh] the client has gone", error);
    }
  }

  @SuppressWarnings("unchecked") // reason: the compiler shall not know which exception it is
  private static <T extends Throwable> T unchanged(Throwable error) throws T {
    throw (T) error;
  }
}

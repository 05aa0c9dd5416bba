package web;

import jakarta.servlet.http.HttpSession;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.HandshakeResponse;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.server.HandshakeRequest;
import jakarta.websocket.server.ServerEndpoint;
import jakarta.websocket.server.ServerEndpointConfig;

/** A WebSocket that keeps the HTTP session of its handshake, and reads and writes it later. */
@ServerEndpoint(value = "/chat", configurator = Chat.Configurator.class)
public final class Chat {
  private HttpSession session;

  /** Hands the session to the endpoint. */
  public static final class Configurator extends ServerEndpointConfig.Configurator {
    @Override
    public void modifyHandshake(
        ServerEndpointConfig config, HandshakeRequest request, HandshakeResponse response) {
      config.getUserProperties().put("session", request.getHttpSession());
    }
  }

  @OnOpen
  public void onOpen(EndpointConfig config) {
    session = (HttpSession) config.getUserProperties().get("session");
  }

  /** `set name value`, or `get name`. */
  @OnMessage
  public String onMessage(String message) {
    String[] words = message.split(" ");
    try {
      if (words[0].equals("set")) session.setAttribute(words[1], words[2]);
      return String.valueOf(session.getAttribute(words[1]));
    } catch (IllegalStateException error) {
      return "the session is over";
    }
  }
}

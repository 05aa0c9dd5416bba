// The routes of the contract (app-stack.suite.ts) for an Express app whose sessions are set up.

/** Puts the routes on `app` and listens. */
export function serve(app) {
  app.get("/login", (req, res) => {
    req.session.regenerate(() => {
      req.session.user = req.query.user;
      res.send("welcome");
    });
  });
  app.get("/set", async (req, res) => {
    if (req.query.gate) await fetch(req.query.gate);
    req.session[req.query.key] = req.query.value;
    res.send("set");
  });
  app.get("/show", (req, res) => {
    const { cookie: _cookie, ...shown } = req.session;
    res.json(shown);
  });
  app.get("/logout", (req, res) => {
    req.session.destroy(() => res.send("bye"));
  });
  app.get("/", (_req, res) => {
    res.send("up");
  });
  app.listen(Number(process.env.PORT), "127.0.0.1");
}

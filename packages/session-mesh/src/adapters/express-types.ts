/**
 * `import "session-mesh/express/types"`: types `req.session` and `req.sessionID` for Express.
 *
 * Apart from `session-mesh/express`, since `@types/express-session` declares the same names with
 * other types. Not here: your attributes; see `SessionData` in express.ts.
 */
import type { RequestSession } from "./express.js";

declare global {
  namespace Express {
    interface Request {
      /** The session. Undefined after `destroy`, although the type cannot say so. */
      session: RequestSession;
      /** The raw id of the session. It is the user's key: don't log it. */
      sessionID: string;
    }
  }
}

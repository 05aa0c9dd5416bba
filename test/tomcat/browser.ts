/**
 * A user's browser, as far as sessions are concerned: it keeps cookies, those that carry tokens too, and
 * sends them to whichever Tomcat it is led to. It follows no redirect by itself.
 *
 * Not here: what pages mean.
 */
import type { Tomcat } from "./tomcats.js";

/** What came back. */
export interface Page {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** See the file's comment. */
export class Browser {
  readonly cookies = new Map<string, string>();

  /** Asks for `/do/<path>`, or for a path that begins with a slash. */
  async get(tomcat: Tomcat, path: string, form?: Readonly<Record<string, string>>): Promise<Page> {
    const response = await this.open(tomcat, path, form);
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  /** The same, answered as soon as the headers are there. */
  async open(
    tomcat: Tomcat,
    path: string,
    form?: Readonly<Record<string, string>>,
  ): Promise<Response> {
    const url = tomcat.url + (path.startsWith("/") ? path : `/do/${path}`);
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, {
      redirect: "manual",
      headers: cookie === "" ? {} : { cookie },
      ...(form ? { method: "POST", body: new URLSearchParams(form) } : {}),
    });
    this.keep(response);
    return response;
  }

  /** Takes over the cookies of a response. */
  keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) this.cookies.set(name, value);
    }
  }

  /** The same user in another tab that has not seen anything since. */
  copy(): Browser {
    const other = new Browser();
    for (const [name, value] of this.cookies) other.cookies.set(name, value);
    return other;
  }

  /** The id of the session. */
  get id(): string | undefined {
    return this.cookies.get("JSESSIONID");
  }
}

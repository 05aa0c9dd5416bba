/**
 * The shop's one page, for people who click about by hand.
 *
 * Not for the demo's users, who ask for JSON.
 */
import type { Shown } from "./users/shown.js";

/** The page that shows a session and changes it. */
export function page({ node, user, cart, likes, views }: Shown): string {
  const who = user === null ? "nobody is logged in" : `logged in as <b>${escape(user)}</b>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>The shop</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; }
  form { display: inline-block; margin: 0 1rem 0.5rem 0; }
  small { color: #666; }
</style></head><body>
<h1>The shop</h1>
<p>${who}, ${views} views. <small>Answered by ${escape(node)}; reload for another one.</small></p>
${user === null ? LOGIN : SHOPPING}
<h2>Cart</h2><ul>${list(cart)}</ul>
<h2>Likes</h2><ul>${list(Object.keys(likes))}</ul>
</body></html>
`;
}

const LOGIN = `<form method="post" action="/login">
  <input name="user" placeholder="your name" required> <button>Log in</button></form>`;

const SHOPPING = `<form method="post" action="/cart">
  <input name="item" placeholder="put in the cart" required> <button>Put</button></form>
<form method="post" action="/likes">
  <input name="item" placeholder="like" required> <button>Like</button></form>
<form method="post" action="/logout"><button>Log out</button></form>`;

function list(items: readonly string[]): string {
  return items.map((item) => `<li>${escape(item)}</li>`).join("");
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

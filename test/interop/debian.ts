/**
 * Which of Debian's packages are here, for tests of clients that are not written in JavaScript.
 *
 * CI installs them all (.ci/run); elsewhere what needs a missing one is skipped, and says which.
 */
import { spawnSync } from "node:child_process";

/** Names of packages, and what shows that they are installed: a command that succeeds. */
const PROOFS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  "redis-server": ["redis-server", "--version"],
  "redis-tools": ["redis-benchmark", "--version"],
  "php-cli": ["php", "--version"],
  "php-redis": ["php", "-r", "exit(extension_loaded('redis') ? 0 : 1);"],
  "python3-django-redis": ["/usr/bin/python3", "-c", "import django, django_redis"],
  "python3-flask-session": ["/usr/bin/python3", "-c", "import flask_session, redis"],
  "ruby-redis-actionpack": ["/usr/bin/ruby", "-e", "gem 'redis-actionpack'"],
  "ruby-webrick": ["/usr/bin/ruby", "-e", "require 'webrick'"],
};

/** Those of `packages` that are missing, for a test's name: ", skipped: needs …"; empty if none is. */
export function missing(...packages: readonly (keyof typeof PROOFS)[]): string {
  const lacking = packages.filter((name) => {
    const [program, ...args] = PROOFS[name] ?? ["false"];
    return spawnSync(program, args).status !== 0;
  });
  return lacking.length === 0 ? "" : `, skipped: needs Debian's ${lacking.join(", ")}`;
}

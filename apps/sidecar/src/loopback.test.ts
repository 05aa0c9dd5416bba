import { expect, test } from "vitest";
import { isLoopbackAddress, isLoopbackHost } from "./loopback.js";

test.each([
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["::1", true],
  ["localhost", true],
  ["a.localhost", true],
  ["0.0.0.0", false],
  ["::", false],
  ["10.0.0.1", false],
  ["localhost.example.com", false],
  ["127.0.0.1.example.com", false],
])("%s stays on the machine: %s", (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected);
});

test.each([
  ["127.0.0.1:7946", true],
  ["ws://localhost:1/x", true],
  ["wss://[::1]:1", true],
  ["dns:mesh:7946", false],
  ["dns:localhost:7946", true],
  ["", false],
])("a peer at %s is on the machine: %s", (address, expected) => {
  expect(isLoopbackAddress(address)).toBe(expected);
});

import type { Ticket } from "@session-mesh/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Tickets } from "./tickets.js";

describe("Tickets", () => {
  it("finds who waits for a ticket once, whoever came and went meanwhile", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5 })), (steps) => {
        const tickets = new Tickets<number>();
        const open = new Map<Ticket, number>();
        const closed: Ticket[] = [];
        for (const [number, step] of steps.entries()) {
          const oldest = [...open.keys()][step];
          if (oldest === undefined) open.set(tickets.open(number), number);
          else {
            expect(tickets.take(oldest)).toBe(open.get(oldest));
            open.delete(oldest);
            closed.push(oldest);
          }
          for (const ticket of closed) expect(tickets.take(ticket)).toBeUndefined();
        }
        expect(tickets.takeAll()).toEqual([...open.values()]);
        expect(tickets.takeAll()).toEqual([]);
      }),
    );
  });

  it("never gives a ticket out twice", () => {
    const tickets = new Tickets<string>();
    const given = new Set<Ticket>();
    for (let i = 0; i < 1_000; i += 1) {
      const ticket = tickets.open("someone");
      expect(given.has(ticket)).toBe(false);
      given.add(ticket);
      tickets.take(ticket);
    }
  });
});

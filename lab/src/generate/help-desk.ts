import type { EventInput } from '@tandem/shared';
import { CUSTOMERS, customerId, PRIORITIES, WEIGHTS_TOTAL } from './catalogue.js';
import type { Random } from './random.js';

type Ticket = { readonly id: string; readonly customer: string; priority: string };

const MAX_OPEN = 2_000;
const OPENING_SHARE = 0.46;
const PRIORITY_CHANGE_SHARE = 0.15;

/** Tickets are opened, change priority and are closed; a bounded number is open at a time. */
export class HelpDesk {
  readonly #random: Random;
  readonly #tag: string;
  readonly #open: Ticket[] = [];
  #tickets = 0;

  constructor(random: Random, tag: string) {
    this.#random = random;
    this.#tag = tag;
  }

  next(eventId: string, occurredAt: string): EventInput {
    const random = this.#random;
    const index = random.below(this.#open.length);
    const ticket = this.#open[index];
    const mayOpen = this.#open.length < MAX_OPEN;
    if (ticket === undefined || (mayOpen && random.chance(OPENING_SHARE))) return this.#openOne(eventId, occurredAt);
    if (random.chance(PRIORITY_CHANGE_SHARE)) return this.#changeOne(ticket, eventId, occurredAt);
    this.#open[index] = this.#open[this.#open.length - 1] ?? ticket;
    this.#open.pop();
    return { type: 'ticket_closed', ...fields(ticket, eventId, occurredAt) };
  }

  #openOne(eventId: string, occurredAt: string): EventInput {
    const ticket = {
      id: `t-${this.#tag}-${++this.#tickets}`,
      customer: customerId(this.#random.below(CUSTOMERS)),
      priority: this.#somePriority(),
    };
    this.#open.push(ticket);
    return { type: 'ticket_opened', ...fields(ticket, eventId, occurredAt) };
  }

  #changeOne(ticket: Ticket, eventId: string, occurredAt: string): EventInput {
    const previous = ticket.priority;
    const wanted = this.#somePriority();
    ticket.priority = wanted === previous ? otherThan(previous) : wanted;
    return { type: 'ticket_priority_changed', ...fields(ticket, eventId, occurredAt), previous_priority: previous };
  }

  #somePriority(): string {
    return this.#random.weighted(PRIORITIES, WEIGHTS_TOTAL).name;
  }
}

function fields({ id, customer, priority }: Ticket, eventId: string, occurredAt: string) {
  return { event_id: eventId, occurred_at: occurredAt, ticket_id: id, customer_id: customer, priority };
}

function otherThan(priority: string): string {
  return priority === 'urgent' ? 'high' : 'urgent';
}

import { describe, expect, it } from '@jest/globals';
import { type Event, identityOf } from '@tandem/shared';
import fc from 'fast-check';
import { Fingerprint } from './fingerprint.js';
import { FingerprintSet } from './fingerprint-set.js';

function anOpenedTicket(event_id: string, occurred_at: number): Event {
  return { type: 'ticket_opened', event_id, occurred_at, ticket_id: 't', customer_id: null, priority: 'high' };
}

const events = fc
  .tuple(fc.string({ unit: 'binary', maxLength: 3 }), fc.constantFrom(0, 1, 1_769_847_300_000, 1_769_847_300_001))
  .map(([id, time]) => anOpenedTicket(id, time));

describe('a set of fingerprints', () => {
  it('behaves like a Set of identities, whatever the ids and times', () => {
    const print = new Fingerprint();
    fc.assert(
      fc.property(fc.array(events, { maxLength: 200 }), (added) => {
        const [set, model] = [new FingerprintSet(), new Set<string>()];
        for (const event of added) {
          expect(set.has(print.of(event))).toBe(model.has(identityOf(event)));
          expect(set.add(print.of(event))).toBe(!model.has(identityOf(event)));
          model.add(identityOf(event));
          expect(set.size).toBe(model.size);
        }
      }),
    );
  });

  it('tells 300,000 ids from one another that differ in a digit only, and keeps them while it grows', () => {
    const print = new Fingerprint();
    const set = new FingerprintSet();
    let known = 0;
    for (let number = 0; number < 300_000; number++) if (!set.add(print.of(anOpenedTicket(`e-${number}`, 0)))) known++;
    expect(known).toBe(0);
    for (let number = 0; number < 300_000; number++) if (!set.has(print.of(anOpenedTicket(`e-${number}`, 0)))) known++;
    expect(known).toBe(0);
    for (let number = 0; number < 300_000; number++) if (set.has(print.of(anOpenedTicket(`e-${number}`, 1)))) known++;
    expect(known).toBe(0);
  });

  it('keeps nothing apart by less than the whole fingerprint', () => {
    const set = new FingerprintSet();
    const words = [
      { a: 1, b: 7, c: 7 },
      { a: 2, b: 7, c: 7 },
      { a: 1, b: 7, c: 8 },
      { a: 1, b: 7 + 4_096, c: 7 },
    ];
    for (const print of words) expect(set.add(print)).toBe(true);
    for (const print of words) expect(set.add(print)).toBe(false);
  });
});

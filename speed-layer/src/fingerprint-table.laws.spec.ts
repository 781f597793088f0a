import { describe, expect, it } from '@jest/globals';
import { type Event, identityOf } from '@tandem/shared';
import fc from 'fast-check';
import { Fingerprint } from './fingerprint.js';
import { FingerprintTable } from './fingerprint-table.js';

function anOpenedTicket(event_id: string, occurred_at: number): Event {
  return { type: 'ticket_opened', event_id, occurred_at, ticket_id: 't', customer_id: null, priority: 'high' };
}

const events = fc
  .tuple(fc.string({ unit: 'binary', maxLength: 3 }), fc.constantFrom(0, 1, 1_769_847_300_000, 1_769_847_300_001))
  .map(([id, time]) => anOpenedTicket(id, time));

/** An event that partition 0 or 1 has, or null where a partition closes its page and opens another. */
const steps = fc.record({ partition: fc.nat(1), event: fc.option(events, { freq: 12 }) });

describe('a table of fingerprints', () => {
  it('behaves like a Set of identities for each open page, whatever the ids and times', () => {
    const print = new Fingerprint();
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 1_500 }), (taken) => {
        const owners = new Map([0, 1].map((partition) => [partition + 1, partition]));
        const [pages, models] = [
          [1, 2],
          [new Set<string>(), new Set<string>()],
        ];
        const table = new FingerprintTable(owners);
        for (const [step, { partition, event }] of taken.entries()) {
          if (event) {
            const isKnown = models.some((model) => model.has(identityOf(event)));
            expect(table.add(print.of(event), pages[partition] ?? 0)).toBe(isKnown);
            models[partition]?.add(identityOf(event));
          } else {
            owners.delete(pages[partition] ?? 0);
            pages[partition] = step + 3;
            owners.set(step + 3, partition);
            models[partition] = new Set();
          }
        }
      }),
    );
  });

  it('tells 300,000 ids from one another that differ in a digit only, and keeps them while it grows', () => {
    const print = new Fingerprint();
    const table = new FingerprintTable(new Map([[1, 0]]));
    const knownAt = (time: number) => {
      let known = 0;
      for (let number = 0; number < 300_000; number++) {
        if (table.add(print.of(anOpenedTicket(`e-${number}`, time)), 1)) known++;
      }
      return known;
    };
    expect([knownAt(0), knownAt(0), knownAt(1)]).toEqual([0, 300_000, 0]);
    expect(table.size).toBe(600_000);
  });

  it('keeps nothing apart by less than the whole fingerprint', () => {
    const table = new FingerprintTable(new Map([[1, 0]]));
    const words = [
      { a: 1, b: 7, c: 7 },
      { a: 2, b: 7, c: 7 },
      { a: 1, b: 7, c: 8 },
      { a: 1, b: 7 + 4_096, c: 7 },
    ];
    for (const print of words) expect(table.add(print, 1)).toBe(false);
    for (const print of words) expect(table.add(print, 1)).toBe(true);
  });

  it('leaves out what closed pages held when it is made anew', () => {
    const print = new Fingerprint();
    const owners = new Map([[1, 0]]);
    const table = new FingerprintTable(owners);
    let largest = 0;
    for (let number = 0; number < 100_000; number++) {
      const page = 1 + Math.floor(number / 100);
      if (number % 100 === 0) owners.clear();
      owners.set(page, 0);
      table.add(print.of(anOpenedTicket(`e-${number}`, 0)), page);
      largest = Math.max(largest, table.size);
    }
    expect(largest).toBeLessThanOrEqual(512);
  });
});

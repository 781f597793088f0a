import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { fixture, realFile } from './testing/files.js';
import { printedBy } from './testing/printed-by.js';

type Printed = {
  hours: number;
  differences: unknown[];
  tickets: number;
  opened: number;
  differentOpened: number;
  closed: number;
  differentClosed: number;
  events: number;
  differentEvents: number;
  closedByPriority: Record<string, number>;
};

const REAL_SET_TIMEOUT_MS = 120_000;

const SETS = [
  // Two tickets of the invented log cannot be: one opened on 31 February, one closed before it was opened.
  {
    name: 'an invented help desk',
    file: fixture('incidents.csv'),
    oracle: fixture('incidents.oracle.json'),
    leave: ['INC05', 'INC06'],
    stillOpen: 1,
  },
  {
    name: 'the published incident log',
    file: realFile('incidents/incident_event_log.zip'),
    oracle: realFile('incidents/oracle.json'),
    leave: [],
    stillOpen: 0,
  },
];

for (const { name, file, oracle, leave, stillOpen } of SETS) {
  if (file === undefined || oracle === undefined) continue;
  describe(`ticket events made from ${name}`, () => {
    let printed: Promise<Printed> | undefined;
    const result = () => {
      printed ??= printedBy('print-replay.js', [file, ...leave]) as Promise<Printed>;
      return printed;
    };

    it(
      'give at every hour the open count by priority that a replay of the file by time gives',
      async () => {
        const { hours, differences } = await result();
        expect(differences).toEqual([]);
        expect(hours).toBeGreaterThan(24);
      },
      REAL_SET_TIMEOUT_MS,
    );

    it('open each ticket once and close it at most once', async () => {
      const { tickets, opened, differentOpened, closed, differentClosed } = await result();
      expect([opened, differentOpened]).toEqual([tickets, tickets]);
      expect([closed, differentClosed]).toEqual([tickets - stillOpen, tickets - stillOpen]);
    });

    it('close by final priority as many tickets as the oracle says', async () => {
      expect((await result()).closedByPriority).toEqual(finalPriorities(oracle));
    });

    it('have an identity each', async () => {
      const { events, differentEvents } = await result();
      expect(differentEvents).toBe(events);
    });
  });
}

/** Tickets by the priority they ended with, which the oracle keeps beside the log. */
function finalPriorities(path: string): Record<string, number> {
  const { by_priority_final: final } = JSON.parse(readFileSync(path, 'utf8')) as {
    by_priority_final: Record<string, { incidents: number }>;
  };
  return Object.fromEntries(Object.entries(final).map(([priority, { incidents }]) => [priority, incidents]));
}

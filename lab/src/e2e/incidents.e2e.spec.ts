import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fixture, realFile } from '../import/testing/files.js';
import { textOf } from '../import/testing/text-of.js';
import { openByReplay, type Ticket, ticketsOf } from '../import/testing/ticket-replay.js';
import { ledgerDifferences } from '../testing/right-answers.js';
import { runCommand } from '../testing/run-command.js';
import { type Numbers, TandemClient } from '../testing/tandem-client.js';
import { newDataFolder, removeDataFolder, startTandem, type TandemProcess } from '../testing/tandem-process.js';

const TIMEOUT_MS = 240_000;
const HOUR_MS = 3_600_000;
const HOURS_COMPARED = 60;

type Layer = 'merged' | 'batch';
type Lines = { readonly groups: readonly (Readonly<Record<Layer, Numbers>> & { readonly priority: string })[] };

const SETS = [
  // Two tickets of the invented log cannot be: one opened on 31 February, one closed before it was opened.
  { name: 'an invented help desk', file: fixture('incidents.csv'), leave: ['INC05', 'INC06'] },
  { name: 'the published incident log', file: realFile('incidents/incident_event_log.zip'), leave: [] },
];

for (const { name, file, leave } of SETS) {
  if (file === undefined) continue;
  describe(`${name}, imported into a running Tandem`, () => {
    let dataFolder: string;
    let tandem: TandemProcess;
    let client: TandemClient;
    let tickets: ReadonlyMap<string, Ticket>;
    const importAll = () => runCommand('import', ['incidents', file, '--url', tandem.url, '--allow-rejects']);

    beforeAll(async () => {
      tickets = ticketsOf(await textOf(file), leave);
      dataFolder = await newDataFolder();
      tandem = await startTandem({ dataFolder });
      client = new TandemClient(tandem.url);
      await importAll();
      await client.untilCaughtUp();
    }, TIMEOUT_MS);
    afterAll(async () => {
      await tandem?.stop();
      await removeDataFolder(dataFolder);
    }, TIMEOUT_MS);

    it(
      'is answered by the speed layer alone as a replay of the file says',
      async () => {
        expect(await wrongTickets('merged')).toEqual([]);
      },
      TIMEOUT_MS,
    );

    it(
      'is answered by the batch layer as a replay of the file says',
      async () => {
        await client.publish();
        expect(await wrongTickets('batch')).toEqual([]);
        expect(await wrongTickets('merged')).toEqual([]);
        expect(await ledgerDifferences(client)).toEqual([]);
      },
      TIMEOUT_MS,
    );

    it(
      'is not changed by importing it again',
      async () => {
        await importAll();
        await client.untilCaughtUp();
        expect(await wrongTickets('merged')).toEqual([]);
        await client.publish();
        expect(await wrongTickets('batch')).toEqual([]);
      },
      TIMEOUT_MS,
    );

    /** Tickets opened and closed in all, and the open ones by priority just before many a full hour. */
    async function wrongTickets(layer: Layer): Promise<readonly string[]> {
      const all = [...tickets.values()];
      const closed = all.filter(({ closedMs }) => Number.isFinite(closedMs)).length;
      const { [layer]: total } = await client.answer('/metrics/tickets');
      const wrong: string[] = [];
      const expected = { opened: all.length, closed, open: all.length - closed };
      for (const [measure, count] of Object.entries(expected)) {
        if (total[measure] !== count) wrong.push(`found ${total[measure]} ${measure}, expected ${count}`);
      }
      for (const ms of hoursOf(all)) {
        const [found, replayed] = [await openBefore(ms, layer), openByReplay(tickets, ms)];
        if (JSON.stringify(found) !== JSON.stringify(replayed)) {
          const at = new Date(ms).toISOString();
          wrong.push(`before ${at}: found ${JSON.stringify(found)}, expected ${JSON.stringify(replayed)}`);
        }
      }
      return wrong;
    }

    async function openBefore(ms: number, layer: Layer): Promise<Readonly<Record<string, number>>> {
      const to = new Date(ms).toISOString();
      const { groups } = await client.body<Lines>(`/metrics/tickets?to=${to}&group_by=priority`);
      const open = groups.map((line) => [line.priority, line[layer]['open'] ?? 0] as const);
      return Object.fromEntries(open.filter(([, count]) => count !== 0).sort());
    }
  });
}

/** Full hours spread over the time in which tickets were opened, and one after all of it. */
function hoursOf(tickets: readonly Ticket[]): readonly number[] {
  const opened = tickets.map(({ openedMs }) => openedMs);
  const [first, last] = [opened.reduce((a, b) => Math.min(a, b)), opened.reduce((a, b) => Math.max(a, b))];
  const spread = Array.from(
    { length: HOURS_COMPARED },
    (_, index) => first + ((last - first) * index) / (HOURS_COMPARED - 1),
  );
  return [...new Set([...spread, last + 1_000 * HOUR_MS].map((ms) => Math.ceil(ms / HOUR_MS) * HOUR_MS))];
}

import { fileURLToPath } from 'node:url';
import { RunningProgram, waitFor } from '@tandem/lab/testing/tandem-process';
import { TandemError } from '@tandem/shared';
import { PARTITIONS, type Workplace } from './workplace.js';

export type Layer = 'batch-layer' | 'speed-layer' | 'serving-layer';

/** What it shares with the other layers. */
export type SharedPlaces = {
  readonly databaseUrl: string;
  readonly brokers: string;
  readonly topic: string;
  readonly redisUrl: string;
};

export type LayerProcess = {
  readonly program: RunningProgram;
  /** Where it says how it is; of the serving layer, where it answers. */
  readonly url: string;
  /** Ends it as an operator does, and waits for it. Idempotent. */
  stop(): Promise<void>;
};

const SHOWN_WARNINGS = 3;
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/;

/** The flags with which package.json starts each. */
const FLAGS: Readonly<Record<Layer, string>> = {
  'batch-layer': '',
  'speed-layer': '--max-semi-space-size=64',
  'serving-layer': '--max-semi-space-size=64',
};

/** Starts one layer as its own process; resolves once it says where it listens. It ends with the workplace. */
export async function startLayer(
  place: Workplace,
  layer: Layer,
  { databaseUrl, brokers, topic, redisUrl }: SharedPlaces,
  settings: Readonly<Record<string, string>> = {},
): Promise<LayerProcess> {
  const program = new RunningProgram(fileURLToPath(import.meta.resolve(`@tandem/${layer}/main`)), [], {
    NODE_OPTIONS: FLAGS[layer],
    POSTGRES_URL: databaseUrl,
    KAFKA_BROKERS: brokers,
    KAFKA_TOPIC: topic,
    REDIS_URL: redisUrl,
    LOG_PARTITIONS: String(PARTITIONS),
    LOG_LEVEL: 'warn',
    ...settings,
  });
  place.atEnd(async () => {
    await program.kill();
    const warnings = warningsIn(program.output);
    if (warnings.length > 0) console.error(`the ${layer} warned, last:\n${warnings.slice(-SHOWN_WARNINGS).join('\n')}`);
  });
  await waitFor(`the address of the ${layer}`, () => program.ending !== undefined || ADDRESS.test(program.output));
  refuseEnded(layer, program);
  const stop = async () => void (await program.stop());
  return { program, url: ADDRESS.exec(program.output)?.[0] ?? '', stop };
}

/** What it logged at LOG_LEVEL: whoever warned while it was measured may have done other work than was meant. */
function warningsIn(output: string): readonly string[] {
  return output.split('\n').filter((line) => line.startsWith('{'));
}

/** Throws when it has ended by itself, with what it said. */
export function refuseEnded(layer: Layer, { ending, output }: RunningProgram): void {
  if (ending) throw new TandemError('internal', `the ${layer} ended with ${JSON.stringify(ending)}: ${output}`);
}

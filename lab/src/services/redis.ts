import { freePort } from '../free-port.js';
import { REDIS, requirePrograms } from './programs.js';
import { Service } from './service.js';

export type RedisOptions = {
  readonly folder: string;
  readonly port?: number;
  /** Settings beside those that keep every write: {maxmemory: '50mb'}. */
  readonly settings?: Readonly<Record<string, string>>;
};

/** Every write is kept in a file: what a realtime view has applied is there after a kill. */
const SETTINGS = {
  bind: '127.0.0.1',
  appendonly: 'yes',
  appendfsync: 'everysec',
  save: '',
  'maxmemory-policy': 'noeviction',
};

/** Starts a Redis on 127.0.0.1. Throws `configuration-invalid` without redis-server, `unavailable` when it does not start. */
export async function startRedis({ folder, port, settings = {} }: RedisOptions): Promise<Service & { url: string }> {
  await requirePrograms([REDIS]);
  const chosen = port ?? (await freePort());
  const all = Object.entries({ ...SETTINGS, ...settings, port: String(chosen), dir: folder });
  const service = await Service.start({
    name: 'redis',
    folder,
    port: chosen,
    command: ['redis-server', ...all.flatMap(([name, value]) => [`--${name}`, value])],
  });
  return Object.assign(service, { url: `redis://127.0.0.1:${chosen}` });
}

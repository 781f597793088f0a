import { createClient } from 'redis';
import { messageOf, TandemError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import { scripts } from './scripts.js';

/** How long a caller waits for one answer of Redis at most, the wait for a connection included. */
const DEADLINE_MS = 2_000;
/** A connection on which nothing comes, not even the answer to a ping, is dead: it is closed, and another one made. */
const PING_INTERVAL_MS = 1_000;
const SILENCE_MS = 5_000;
const LONGEST_RECONNECT_WAIT_MS = 1_000;
/** Bounds the memory that waits for an answer. */
const MAX_COMMANDS = 10_000;

function createScriptedClient(url: string) {
  return createClient({
    url,
    scripts,
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_COMMANDS,
    pingInterval: PING_INTERVAL_MS,
    maintNotifications: 'disabled',
    socket: {
      connectTimeout: DEADLINE_MS,
      socketTimeout: SILENCE_MS,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 10), LONGEST_RECONNECT_WAIT_MS),
    },
  });
}

export type RedisClient = ReturnType<typeof createScriptedClient>;

/** One connection to Redis that comes back by itself for ever, and on which nobody waits longer than a deadline. */
export class RedisConnection {
  readonly #client: RedisClient;
  readonly #logger: Logger;
  #isAway = false;
  #isClosed = false;

  /** Returns at once: the connection is made meanwhile. */
  constructor(url: string, logger: Logger) {
    this.#logger = logger;
    this.#client = createScriptedClient(url);
    this.#client.on('error', (error) => this.#sayAway(error));
    this.#client.on('ready', () => void this.#sayReady());
    this.#client.connect().catch((error) => this.#sayAway(error));
  }

  /** Throws `unavailable` when Redis is away, refuses, or does not answer in time: whether it has done it is unknown then. */
  async run<Answer>(ask: (client: RedisClient) => Promise<Answer>): Promise<Answer> {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    try {
      if (!this.#client.isReady) await this.#until(['ready'], deadline);
      return await orAbort(ask(this.#client), deadline);
    } catch (error) {
      throw new TandemError(
        'unavailable',
        `Redis, which keeps the realtime view, cannot be used now: ${explain(error)}; trying again may help`,
        { cause: error },
      );
    }
  }

  /** Gives up what is under way: who closes has stopped asking. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (!this.#client.isOpen) return;
    // The client forgets a socket that is just being made, which then stays open.
    if (!this.#client.isReady) await this.#until(['ready', 'error'], AbortSignal.timeout(DEADLINE_MS)).catch(() => {});
    this.#client.destroy();
  }

  /** Resolves when the client says one of these. Throws the signal's reason when that comes first. */
  async #until(events: readonly ('ready' | 'error')[], signal: AbortSignal): Promise<void> {
    let onEvent = () => {};
    const said = new Promise<void>((resolve) => {
      onEvent = resolve;
    });
    for (const event of events) this.#client.on(event, onEvent);
    try {
      await orAbort(said, signal);
    } finally {
      for (const event of events) this.#client.off(event, onEvent);
    }
  }

  #sayAway(error: unknown): void {
    if (this.#isClosed) return;
    // Each attempt to connect fails with an event: one line says it.
    if (!this.#isAway)
      this.#logger.warn({ reason: messageOf(error) }, 'Redis is away; connecting again until it is back');
    this.#isAway = true;
  }

  async #sayReady(): Promise<void> {
    if (this.#isAway) this.#logger.info('Redis is back');
    this.#isAway = false;
    const memory = await this.run((client) => client.info('memory')).catch(() => '');
    const policy = /maxmemory_policy:(\S+)/.exec(memory)?.[1];
    if (policy === undefined || policy === 'noeviction') return;
    this.#logger.warn(
      { found: policy },
      'Redis may evict parts of the realtime view, which is then rebuilt from the log: set maxmemory-policy noeviction (CONFIG SET maxmemory-policy noeviction, and in redis.conf)',
    );
  }
}

function explain(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return `no answer within ${DEADLINE_MS} ms`;
  const message = messageOf(error);
  return message.startsWith('OOM') ? 'it is full: raise its maxmemory' : message;
}

/** The value, unless the signal is aborted before: then throws the signal's reason. */
async function orAbort<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([value, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

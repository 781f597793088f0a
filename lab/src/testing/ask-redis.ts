import { createClient } from 'redis';

const LONGEST_ANSWER_MS = 1_000;

/** One command on a connection of its own. Throws when there is no answer soon. */
export async function askRedis(url: string, ...words: string[]): Promise<unknown> {
  const socket = {
    connectTimeout: LONGEST_ANSWER_MS,
    socketTimeout: LONGEST_ANSWER_MS,
    reconnectStrategy: false as const,
  };
  const client = createClient({ url, socket });
  client.on('error', () => {});
  await client.connect();
  try {
    return await client.sendCommand(words);
  } finally {
    client.destroy();
  }
}

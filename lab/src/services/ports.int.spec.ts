import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startOnPorts } from './ports.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-ports-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** A start that fails so many times with this message; keeps the ports of each attempt. */
function failing(times: number, message: string) {
  const attempts: (readonly number[])[] = [];
  const start = async (ports: readonly number[]) => {
    attempts.push(ports);
    if (attempts.length <= times) throw new Error(message);
    return ports;
  };
  return { attempts, start };
}

describe('the start on free ports', () => {
  it('gives different ports, and the same ones the next time', async () => {
    const first = await startOnPorts(folder, 3, async (ports) => ports);
    expect(new Set(first).size).toBe(3);
    expect(await startOnPorts(folder, 3, async (ports) => ports)).toEqual(first);
  });

  it('lies below the ports of outgoing connections', async () => {
    const ports = await startOnPorts(folder, 50, async (chosen) => chosen);
    expect(ports.filter((port) => port < 10_240 || port > 32_767)).toEqual([]);
  });

  it('tries others when somebody took one in between', async () => {
    const { attempts, start } = failing(1, 'bind 127.0.0.1: Address already in use');
    expect(await startOnPorts(folder, 2, start)).toEqual(attempts[1]);
    expect(attempts[1]).not.toEqual(attempts[0]);
  });

  it('gives up when all are taken, and at once for any other reason', async () => {
    await expect(startOnPorts(folder, 1, failing(100, 'Address already in use').start)).rejects.toThrow('in use');
    const other = failing(100, 'disk full');
    await expect(startOnPorts(folder, 1, other.start)).rejects.toThrow('disk full');
    expect(other.attempts).toHaveLength(1);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, TandemError } from '../../errors.js';
import type { GroupMember } from '../../ports/event-log.js';
import { GroupSession, type SessionOptions } from './group-session.js';

const PAUSE_AFTER_FAULT_MS = 500;

/**
 * Memberships of a group one after the other, until the signal is aborted: a broker that is away comes back.
 * Throws what the member throws, and what no other membership would mend.
 */
export async function followGroup(options: SessionOptions, member: GroupMember, signal: AbortSignal): Promise<void> {
  let thrown: { error: unknown } | undefined;
  const watched = watch(member, (error) => {
    thrown = { error };
  });
  while (!signal.aborted) {
    try {
      await new GroupSession(options, watched).run(signal);
    } catch (error) {
      if (thrown) throw thrown.error;
      if (!(error instanceof TandemError && (error.retriable || error.code === 'fenced'))) throw error;
      const { group, logger } = options;
      logger?.warn({ group, reason: messageOf(error) }, 'the membership of a group broke off; joining again');
      await sleep(PAUSE_AFTER_FAULT_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** Tells what the member throws apart from what the client does. `fenced` is an answer, not a failure. */
function watch(member: GroupMember, onThrown: (error: unknown) => void): GroupMember {
  const guard = async <Result>(work: Promise<Result>): Promise<Result> => {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof TandemError && error.code === 'fenced')) onThrown(error);
      throw error instanceof TandemError ? error : new TandemError('internal', messageOf(error), { cause: error });
    }
  };
  return {
    assigned: (partition) => guard(member.assigned(partition)),
    take: (batch) => guard(member.take(batch)),
    ready: async (partition) => member.ready?.(partition),
    revoked: (partition) => member.revoked(partition),
    blocked: (partition, error) => guard(member.blocked(partition, error)),
  };
}

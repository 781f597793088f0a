import type { PartitionState, SpeedOptions } from './session.js';

/** While the goal is not reached, the partition is cold and says how far it is. */
export async function reportProgress({ store, logger }: SpeedOptions, state: PartitionState): Promise<void> {
  const { partition, owner, applied, goal, startedAt } = state;
  if (goal === null) return;
  if (applied >= goal) {
    state.goal = null;
    await store.setCold(partition, owner, null);
    logger.info({ partition, records: applied - startedAt }, 'the realtime view has caught up with the log');
    return;
  }
  const progress = `${applied - startedAt} of ${goal - startedAt} records`;
  await store.setCold(partition, owner, `the realtime view is being rebuilt from the log: ${progress}`);
}

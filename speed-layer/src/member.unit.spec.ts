import { describe, expect, it } from '@jest/globals';
import { MemoryEventLog } from '@tandem/shared/adapters/memory/memory-event-log';
import { SpeedMember } from './member.js';
import { sceneOf } from './testing/scene.js';

function aMember() {
  return new SpeedMember(sceneOf(new MemoryEventLog(2)), new AbortController().signal);
}

const ownedBy = (member: SpeedMember) => member.owned().map(({ partition }) => partition);

describe('a member of the group that shares the log', () => {
  it('owns what it is assigned until that is revoked', async () => {
    const member = aMember();
    await member.assigned(0);
    await member.assigned(1);
    expect(ownedBy(member)).toEqual([0, 1]);
    member.revoked(0);
    expect(ownedBy(member)).toEqual([1]);
  });

  it('does not own what is revoked while it is still being taken over', async () => {
    const member = aMember();
    const assigning = member.assigned(1);
    member.revoked(1);
    await assigning;
    expect(ownedBy(member)).toEqual([]);
  });

  it('owns what is assigned once more after that', async () => {
    const member = aMember();
    const assigning = member.assigned(1);
    member.revoked(1);
    await assigning;
    await member.assigned(1);
    expect(ownedBy(member)).toEqual([1]);
  });

  it('does not own what it had before while it claims it anew: the old claim holds no more', async () => {
    const member = aMember();
    await member.assigned(0);
    const assigning = member.assigned(0);
    expect(ownedBy(member)).toEqual([]);
    await assigning;
    expect(ownedBy(member)).toEqual([0]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { coldReason, TandemError } from '@tandem/shared';
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

  describe('that cannot go on', () => {
    const log = new MemoryEventLog(2);
    const record = { offset: 0, value: null, barrier: null };

    async function twoPartitions() {
      const options = sceneOf(log);
      const member = new SpeedMember(options, new AbortController().signal);
      await Promise.all([member.assigned(0), member.assigned(1)]);
      return { options, member, cold: async () => coldReason(await options.store.view()) };
    }

    it('says so of what it had last, also once its membership has ended', async () => {
      const { member, cold } = await twoPartitions();
      expect(await cold()).toBeNull();
      member.revoked(0);
      member.revoked(1);
      await member.makeCold('may not read');
      expect(await cold()).toContain('may not read');
    });

    it('says nothing of what another has claimed since', async () => {
      const { options, member, cold } = await twoPartitions();
      const other = new SpeedMember(options, new AbortController().signal);
      await Promise.all([other.assigned(0), other.assigned(1)]);
      await member.makeCold('may not read');
      expect(await cold()).toBeNull();
    });

    it('at records that cannot be read gives no answers, says where, and goes on when they can be', async () => {
      const { member, cold } = await twoPartitions();
      await member.blocked(0, new TandemError('corrupt', 'records from offset 0 on cannot be read'));
      expect(await cold()).toContain('records from offset 0 on cannot be read');
      expect(member.owned().map(({ blocked }) => blocked)).toEqual(['records from offset 0 on cannot be read', null]);
      expect(await member.take({ partition: 0, records: [record] })).toBe(1);
      expect(await cold()).toBeNull();
      expect(member.owned().map(({ blocked }) => blocked)).toEqual([null, null]);
    });
  });
});

import { describe, expect, it } from '@jest/globals';
import { mayEnter } from './reachable-folder.js';

const user = { uid: 101, gid: 104 };
const folder = (mode: number, uid = 0, gid = 0) => ({ mode, uid, gid });

describe('whether an account may enter a folder', () => {
  it.each([
    ['everybody may', folder(0o755), true],
    ['only its owner, another, may', folder(0o700), false],
    ['everybody may read but not enter', folder(0o704), false],
    ['it owns it', folder(0o700, user.uid), true],
    ['it owns it but only others may', folder(0o611, user.uid), false],
    ['its group may', folder(0o710, 0, user.gid), true],
    ['others may but not its group', folder(0o701, 0, user.gid), false],
  ])('is decided by the bits that apply to it: %s', (_, found, expected) => {
    expect(mayEnter(found, user)).toBe(expected);
  });
});

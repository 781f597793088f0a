import { describe, expect, it } from '@jest/globals';
import { parseAccounts } from './server-user.js';

describe('the accounts of /etc/passwd', () => {
  it('have a user and a group number by name', () => {
    const accounts = parseAccounts('root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/:/bin/false\n');
    expect(accounts.get('nobody')).toEqual({ uid: 65_534, gid: 65_533 });
    expect(accounts.get('postgres')).toBeUndefined();
  });
});

import { expect } from 'vitest';
import { describeWorkflow } from './describe-workflow.ts';
import { setUpPrincipals } from './iam-world.ts';
import { bystanders, userFacts } from './principal-facts.ts';
import { account, untouchable } from './test-config.ts';

const finding = (userName: string, accessKeyId: string, severity = 8) => ({
  schemaVersion: '2.0',
  accountId: account,
  region: 'eu-west-1',
  id: `leak-of-${accessKeyId}`,
  type: 'UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom',
  severity,
  updatedAt: new Date().toISOString(),
  resource: {
    resourceType: 'AccessKey',
    accessKeyDetails: { accessKeyId, userName, userType: 'IAMUser', principalId: 'AIDAEXAMPLE' },
  },
  service: { count: 1, archived: false, resourceRole: 'TARGET' },
});

const starts = [
  'a leaked key',
  'a user by hand',
  'people must agree first',
  'a user that nobody may touch',
] as const;

describeWorkflow('compromised-access-key', starts, async () => {
  const world = await setUpPrincipals();
  const { user, keys, state } = world;
  const before = await bystanders(world);
  return {
    state,
    starts: {
      'a leaked key': { event: finding(user, keys.leaked) },
      'a user by hand': { userName: user },
      'people must agree first': { event: finding(user, keys.leaked, 5) },
      'a user that nobody may touch': { userName: untouchable.user },
    },
    check: async (done, start) => {
      const facts = await userFacts(world);
      const expected = Object.keys(facts).map((what) => [what, done.has(what)]);
      expect(facts).toEqual(Object.fromEntries(expected));
      // Who names a user means all keys of that user.
      const all = start === 'a user by hand' && done.has('deactivate-access-key');
      const key = before.key.map((each) => (all ? { ...each, status: 'Inactive' } : each));
      expect(await bystanders(world)).toEqual({ ...before, key });
    },
  };
});

import { expect } from 'vitest';
import { describeWorkflow } from './describe-workflow.ts';
import { setUpPrincipals } from './iam-world.ts';
import { bystanders, roleFacts } from './principal-facts.ts';
import { account, untouchable } from './test-config.ts';

interface Session {
  readonly roleName: string;
  readonly principalId: string;
  readonly accessKeyId: string;
}

const finding = (type: string, { roleName, principalId, accessKeyId }: Session, severity = 9) => ({
  schemaVersion: '2.0',
  accountId: account,
  region: 'eu-west-1',
  id: `session-of-${roleName}-${type}`,
  type,
  severity,
  updatedAt: new Date().toISOString(),
  resource: {
    resourceType: 'AccessKey',
    accessKeyDetails: { accessKeyId, principalId, userName: roleName, userType: 'AssumedRole' },
  },
  service: { count: 1, archived: false, resourceRole: 'TARGET' },
});

const misused = 'UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom';
const exfiltrated = 'UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS';
/** An instance's sessions are called like it. */
const instanceId = 'i-0123456789abcdef0';
const starts = [
  'a session',
  'a role by hand',
  "an instance's session",
  'people must agree first',
  'a role that nobody may touch',
] as const;

describeWorkflow('compromised-role', starts, async () => {
  const world = await setUpPrincipals();
  const { role, session, state } = world;
  const before = await bystanders(world);
  const stolen = { roleName: role.name, accessKeyId: session.key };
  const named = { ...stolen, principalId: `${role.id}:${session.name}` };
  const event = finding(misused, named);
  return {
    state,
    starts: {
      'a session': { event },
      'a role by hand': { roleName: role.name },
      "an instance's session": {
        event: finding(exfiltrated, { ...stolen, principalId: `${role.id}:${instanceId}` }),
      },
      'people must agree first': { event: finding(misused, named, 5) },
      'a role that nobody may touch': { roleName: untouchable.role },
    },
    check: async (done, start) => {
      const ofInstance = start === "an instance's session";
      const facts = await roleFacts(world, ofInstance ? instanceId : session.name);
      const expected = Object.keys(facts).map((what) => [what, done.has(what)]);
      expect(facts).toEqual(Object.fromEntries(expected));
      expect(await bystanders(world)).toEqual(before);
    },
  };
});

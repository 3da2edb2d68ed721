import { createHash } from 'node:crypto';
import * as z from 'zod';
import { Words } from './asked.ts';
import { type Finding, findingFrom } from './finding.ts';
import {
  AccessKeyId,
  AccountId,
  CaseId,
  InstanceId,
  RoleName,
  SessionName,
  UserName,
} from './ids.ts';
import { TargetRegion } from './parse-guardduty.ts';
import { type Place, parseAt } from './place.ts';

/** Which playbook answers a finding that a person's words were made into, by its type. */
export const playbooksByHand: ReadonlyMap<string, string> = new Map([
  ['Manual:EC2/CompromisedInstance', 'compromised-instance'],
  ['Manual:IAMUser/CompromisedKey', 'compromised-access-key'],
  ['Manual:IAMUser/CompromisedRole', 'compromised-role'],
]);

type Named = Pick<Finding, 'type' | 'resourceType' | 'instance' | 'accessKey'>;

const Around = {
  ...Words,
  account: AccountId,
  region: TargetRegion,
  /** The case whose playbook starts this one; a person has none. */
  parent: CaseId.optional(),
};

const ofInstance = z
  .strictObject({ ...Around, instanceId: InstanceId })
  .transform(({ instanceId, ...words }) => ({
    ...words,
    named: {
      type: 'Manual:EC2/CompromisedInstance',
      resourceType: 'Instance',
      instance: { instanceId, networkInterfaces: [] },
    } satisfies Named,
  }));

const credentials = (type: string, accessKey: Finding['accessKey']): Named => ({
  type,
  resourceType: 'AccessKey',
  accessKey,
});

// Only of a long-lived key does IAM say whose it is; of a session's, the person must.
const ofKey = z
  .strictObject({
    ...Around,
    accessKeyId: AccessKeyId,
    userName: UserName.optional(),
    /** Which of the two playbooks that a key has is meant; the other one refuses it. */
    playbook: z.enum(['compromised-access-key', 'rotate-access-key']).optional(),
  })
  .refine(({ accessKeyId, userName }) => userName || !accessKeyId.startsWith('ASIA'), {
    path: ['accessKeyId'],
    error: "expected a long-lived key, AKIA…; with a session's key, ASIA…, name its userName too",
  })
  .transform(({ accessKeyId, userName, ...words }) => ({
    ...words,
    named: credentials('Manual:IAMUser/CompromisedKey', {
      accessKeyId,
      userName,
      userType: 'IAMUser',
    }),
  }));

const ofUser = z
  .strictObject({ ...Around, userName: UserName })
  .transform(({ userName, ...words }) => ({
    ...words,
    named: credentials('Manual:IAMUser/CompromisedKey', { userName, userType: 'IAMUser' }),
  }));

const ofRole = z
  .strictObject({
    ...Around,
    roleName: RoleName,
    sessionName: SessionName.optional(),
    /** Of the session's keys, the one that was seen: what it did is traced by it. */
    accessKeyId: AccessKeyId.optional(),
  })
  .refine(({ accessKeyId }) => !accessKeyId?.startsWith('AKIA'), {
    path: ['accessKeyId'],
    error: "expected a role session's key, ASIA…",
  })
  .transform(({ roleName: userName, sessionName, accessKeyId, ...words }) => ({
    ...words,
    named: credentials('Manual:IAMUser/CompromisedRole', {
      accessKeyId,
      userName,
      sessionName,
      userType: 'AssumedRole',
    }),
  }));

/** By the member that names the target: the first that is there decides. */
const starts = { instanceId: ofInstance, roleName: ofRole, accessKeyId: ofKey, userName: ofUser };
type Start = (typeof starts)[keyof typeof starts];

/** What a person typed into the Step Functions console, if it is that. */
export function manualStart(said: object): Start | undefined {
  return Object.entries(starts).find(([member]) => member in said)?.[1];
}

/** Where and when a person started a playbook. */
interface StartedAt {
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  readonly execution: string;
  readonly now: Date;
}

/**
 * The finding that a person's words amount to, with how to go about it. The id is made from the
 * execution, so that a retry finds its own case again. Throws `UnusableInputError`.
 */
export function readManual(start: Start, said: object, place: Place, at: StartedAt) {
  const { execution, now, account: own, region: home } = at;
  const stated = parseAt(start, { account: own, region: home, ...said }, place);
  const { named, account, region, ...words } = stated;
  const id = createHash('sha256').update(`${execution} ${place.path}`).digest('hex').slice(0, 32);
  const finding = findingFrom({
    id: `manual-${id}`,
    severity: 8,
    account,
    region,
    source: 'manual',
    title: words.reason,
    sample: false,
    archived: false,
    updatedAt: now.toISOString(),
    count: 1,
    remote: { addresses: [] },
    ...named,
  });
  return { words, finding };
}

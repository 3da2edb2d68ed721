import { foundBy } from './found.ts';
import type { Came, Judge, Judgement, StepOutcome } from './verdict.ts';

const removeFromIam =
  'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html';

/** The sessions of roles that the credentials led to; what both playbooks come to in their second half. */
const aftermath: Readonly<Record<string, Judgement>> = {
  roles: {
    label: 'Revoke the sessions of roles',
    kind: 'containment',
    well: ['set', 'already-set', 'absent'],
    byHand: (_target, { roleName }) =>
      `revoke the sessions of ${typeof roleName === 'string' ? roleName : 'the role'} in the IAM console (${removeFromIam}), or those of Identity Center there`,
  },
  trace: {
    label: 'Trace what the credentials did',
    kind: 'evidence',
    well: ['traced', 'nothing-found'],
    blind: ['failed'],
    byHand: () =>
      'aws cloudtrail lookup-events --lookup-attributes AttributeKey=AccessKeyId,AttributeValue=KEY in every Region',
  },
  history: {
    label: 'Query the API history',
    kind: 'evidence',
    well: ['kept', 'started'],
    byHand: () => undefined,
  },
  changes: {
    label: 'List what changed',
    kind: 'evidence',
    well: ['listed'],
    byHand: () => undefined,
  },
  record: {
    label: 'Record the principal',
    kind: 'evidence',
    well: ['recorded', 'absent'],
    byHand: () => undefined,
  },
};

/** How the outcomes of `compromised-access-key` are judged. */
export const compromisedAccessKey: Judge = {
  gone: { action: 'quarantine', outcomes: ['absent'] },
  actions: {
    key: {
      label: 'Deactivate access key',
      kind: 'containment',
      // A temporary key cannot be deactivated; what stops it is the policy on its user.
      well: ['deactivated', 'already-inactive', 'absent', 'temporary'],
      byHand: () =>
        'aws iam update-access-key --user-name USER --access-key-id KEY --status Inactive',
    },
    quarantine: {
      label: 'Quarantine user',
      kind: 'containment',
      well: ['quarantined', 'already-quarantined', 'absent'],
      byHand: () =>
        'aws iam attach-user-policy --user-name USER --policy-arn arn:aws:iam::aws:policy/AWSDenyAll',
    },
    sessions: {
      label: 'Revoke user sessions',
      kind: 'containment',
      well: ['set', 'already-set', 'absent'],
      byHand: () =>
        'aws iam put-user-policy with a deny of everything where aws:TokenIssueTime is before now',
    },
    ...aftermath,
  },
  found: ({ trace }) => foundBy(one(trace)),
  notCut: ({ quarantine, key, record, trace }) => [
    ...textsIn(quarantine, 'cannotStop'),
    ...otherKeys(key, record),
    ...elsewhere(trace),
    'IAM enforces a change after seconds to minutes; until then requests may still pass',
  ],
};

/** How the outcomes of `compromised-role` are judged. */
export const compromisedRole: Judge = {
  gone: { action: 'session', outcomes: ['absent'] },
  actions: {
    session: {
      label: 'Deny the stolen session',
      kind: 'containment',
      well: ['set', 'already-set', 'absent', 'not-needed'],
      byHand: () =>
        `deny the session by aws:userid in an inline policy of the role, or revoke all of the role’s sessions in the IAM console (${removeFromIam})`,
    },
    wholeRole: {
      label: 'Revoke the whole role',
      kind: 'containment',
      well: ['set', 'already-set', 'absent', 'not-needed'],
      byHand: () => `revoke the role’s sessions in the IAM console (${removeFromIam})`,
    },
    alongside: {
      label: 'Contain the instance as well',
      kind: 'containment',
      well: ['started', 'already-started', 'not-needed'],
      byHand: () =>
        'start the playbook compromised-instance with {"instanceId": "i-…", "mode": "live"}',
    },
    ...aftermath,
  },
  found: ({ trace }) => foundBy(one(trace)),
  notCut: ({ trace }) => [
    'resources whose own policy names the session: the role’s policy does not reach them',
    'new sessions of the role, by whoever may still assume it',
    ...elsewhere(trace),
    'IAM enforces a change after seconds to minutes; until then requests may still pass',
  ],
};

const one = (came: Came | undefined): StepOutcome | undefined => [came ?? []].flat()[0];

function textsIn(came: Came | undefined, field: string): string[] {
  const list = one(came)?.[field];
  return Array.isArray(list) ? list.filter((text) => typeof text === 'string') : [];
}

/** The keys of the user that were not the leaked one, as far as the record could count them. */
function otherKeys(key: Came | undefined, record: Came | undefined): string[] {
  const stopped = one(key)?.keys;
  const all = one(record)?.keys;
  if (!Array.isArray(stopped) || typeof all !== 'number') return [];
  const others = all - stopped.length;
  return others > 0
    ? [
        `${others} other ${others === 1 ? 'key' : 'keys'} of the user: left as found, and denied only what the quarantine denies`,
      ]
    : [];
}

function elsewhere(came: Came | undefined): string[] {
  const accounts = textsIn(came, 'otherAccounts');
  return accounts.length > 0
    ? [`roles in other accounts, whose owners must act: ${accounts.join(', ')}`]
    : [];
}

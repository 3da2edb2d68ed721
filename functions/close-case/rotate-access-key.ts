import type { Came, Judge, StepOutcome } from './verdict.ts';

/** How the outcomes of `rotate-access-key` are judged: whatever it left to a human is not done. */
export const rotateAccessKey: Judge = {
  gone: { action: 'replacement', outcomes: ['absent'] },
  actions: {
    replacement: {
      label: 'Create replacement key',
      kind: 'containment',
      well: ['created', 'already-created', 'absent'],
      byHand: (_target, came) =>
        toMakeRoom[came.outcome.replace(wouldBe, '')]?.(wordIn(came, 'otherKeyId')),
    },
    deletion: {
      label: 'Delete replaced key',
      kind: 'containment',
      well: ['deleted', 'absent', 'not-tried'],
      byHand: (_target, came) => toDelete(came),
    },
  },
  notCut: () => [
    'sessions that the old key started: compromised-access-key revokes them',
    'a quarantine of the user, which stops the new key as well until the case that set it is released',
  ],
  next: ({ replacement }) => {
    const secretArn = wordIn(first(replacement), 'secretArn');
    return secretArn
      ? [
          `Have the application take its key from ${secretArn} (members accessKeyId and secretAccessKey).`,
        ]
      : [];
  },
  titles: {
    live: {
      contained: 'Access key replaced',
      'needs-human': 'Replacing an access key needs a human',
      ended: 'No access key left to replace',
    },
    'dry-run': {
      contained: 'Dry run, access key would be replaced',
      'needs-human': 'Dry run, replacing an access key would need a human',
      ended: 'Dry run, no access key left to replace',
    },
  },
};

/** What a person does before a key can be made, by why it was not. */
const toMakeRoom: Readonly<Record<string, (other: string | undefined) => string>> = {
  'two-keys': (other) =>
    `a user has room for two keys. Find out who uses ${other ?? "the user's second key"} (aws iam get-access-key-last-used --access-key-id ${other ?? 'KEY'}); move that to one key, delete the other, and start rotate-access-key again`,
  'delete-first': (other) =>
    `a user has room for two keys, and ${other ?? 'the other one'} is not Cordon's. The old key is inactive and unused: aws iam delete-access-key --user-name USER --access-key-id KEY. If the application does not use ${other ?? 'the other one'} already, make a key for it then`,
  failed: () =>
    'aws iam list-access-keys --user-name USER; a key made just now, never used and without a secret cordon/USER/KEY was lost on its way: delete it, then start rotate-access-key again',
};

function toDelete(came: StepOutcome): string | undefined {
  const again =
    'then: aws iam update-access-key --user-name USER --access-key-id KEY --status Inactive, and start rotate-access-key again to delete it';
  switch (came.outcome.replace(wouldBe, '')) {
    case 'still-active':
      return `move every application to the replacement, ${again}`;
    case 'used-since':
      return `the key was used at ${wordIn(came, 'lastUsed') ?? 'a time unknown'}, after it was deactivated: find out in CloudTrail by whom, and move them to the replacement; ${again}`;
    case 'failed':
      return 'aws iam list-access-keys --user-name USER; if the old key is inactive: aws iam delete-access-key --user-name USER --access-key-id KEY';
    default:
      return undefined;
  }
}

const wouldBe = /^would-be-/;
const first = (came: Came | undefined): StepOutcome | undefined => [came ?? []].flat()[0];

function wordIn(came: StepOutcome | undefined, field: string): string | undefined {
  const word = came?.[field];
  return typeof word === 'string' ? word : undefined;
}

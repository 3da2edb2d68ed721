import type { Came, Judge } from './verdict.ts';

/** How the outcomes of `attack-sequence` are judged: its work is to have every playbook started. */
export const attackSequence: Judge = {
  gone: { action: 'plan', outcomes: [] },
  actions: {
    plan: {
      label: 'Take the sequence apart',
      kind: 'containment',
      well: ['planned'],
      byHand: () => undefined,
    },
    starts: {
      label: 'Start a playbook for each target',
      kind: 'containment',
      well: ['started', 'already-started'],
      byHand: (_target, { playbook, request }) =>
        `start ${String(playbook)} with ${JSON.stringify(request)}`,
    },
    rest: {
      label: 'What no playbook answers',
      // Each of them would start nothing as a finding of its own either.
      kind: 'evidence',
      well: ['none', 'listed'],
      byHand: () => undefined,
    },
  },
  notCut: () => ['the targets themselves: the case of each says what was cut'],
  next: ({ rest }) => toSeeTo(rest),
  titles: {
    live: {
      contained: 'Attack sequence, playbooks started',
      'needs-human': 'An attack sequence needs a human',
      ended: 'Attack sequence, nothing to start',
    },
    'dry-run': {
      contained: 'Dry run, playbooks started as dry runs',
      'needs-human': 'Dry run, an attack sequence would need a human',
      ended: 'Dry run, nothing to start',
    },
  },
};

/** What a person looks at, a line for each. */
function toSeeTo(rest: Came | undefined): string[] {
  const one = [rest ?? []].flat()[0];
  const resources = Array.isArray(one?.resources) ? one.resources : [];
  const lines = resources.map(
    ({ resourceType, uid, account, region, why }) =>
      `${resourceType} \`${uid}\` in ${account} ${region}: ${instructions[why] ?? why}`,
  );
  const more = typeof one?.notListed === 'number' ? one.notListed : 0;
  return more > 0 ? [...lines, `${more} more, which only the finding names`] : lines;
}

const instructions: Readonly<Record<string, string>> = {
  'no-playbook': 'no playbook answers it; ask its owner what the intruder did to it',
  unreadable: 'its id is of no known shape; look it up in GuardDuty',
  'session-unknown':
    'the session is not named; find it in CloudTrail, then start compromised-role with roleName and sessionName',
  'key-unknown':
    'the key is not named; find it in CloudTrail, then start compromised-access-key with accessKeyId',
  'too-many': 'more targets than one sequence may start; start its playbook by hand',
  root: 'the root user, whom no policy stops: change its password and MFA, delete its keys',
  'aws-service': 'an AWS service acted; see on whose behalf in CloudTrail',
  'other-account': 'it belongs to another account, whose owner must act',
  'identity-center-role': 'revoke the session in IAM Identity Center',
  'unknown-principal': 'it is not said whose credentials they are; look in CloudTrail',
};

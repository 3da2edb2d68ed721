import type { Trigger } from '../triggers.ts';

/**
 * Which findings start the playbook: attack sequences, which GuardDuty calls critical throughout. The
 * findings that a sequence ties together start nothing themselves.
 */
export const triggers: readonly Trigger[] = [
  {
    name: 'attack-sequence',
    playbook: 'attack-sequence',
    priority: 'evidence-first',
    approval: 'none',
    pattern: {
      source: ['aws.guardduty'],
      'detail-type': ['GuardDuty Finding'],
      detail: {
        resource: { resourceType: ['AttackSequence'] },
        type: [{ prefix: 'AttackSequence:' }],
        severity: [{ numeric: ['>=', 7] }],
      },
    },
    why: 'Several findings are one attack: the playbook of each target is started, each with a case of its own.',
  },
];

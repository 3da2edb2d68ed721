import {
  exfiltrated,
  high,
  leaked,
  medium,
  misused,
  misusedInCluster,
  misusedOnBucket,
  ofRole,
  usedBy,
} from '../credential-findings.ts';
import type { Trigger } from '../triggers.ts';

const playbook = 'compromised-role';
const acts = { playbook, priority: 'containment-first', approval: 'none' } as const;
const asks = { playbook, priority: 'containment-first', approval: 'required' } as const;

/**
 * Which findings start the playbook: those about a role's session, high and critical ones at once,
 * medium ones and those of a cluster once a person agrees. A role is shared: the playbook denies the
 * session first. Types are listed, so a new one starts nothing until somebody has judged it.
 */
export const triggers: readonly Trigger[] = [
  {
    ...acts,
    name: 'role-leaked',
    pattern: usedBy(ofRole, 'AccessKey', { type: leaked }),
    why: "AWS has found a role session's credentials exposed; how grave their use was is beside the point.",
  },
  {
    ...acts,
    name: 'role-exfiltrated',
    pattern: usedBy(ofRole, 'AccessKey', { type: exfiltrated, severity: high }),
    why:
      'Credentials made for a machine or a function are used elsewhere: the session is denied, ' +
      'and an instance that lost them is contained as well.',
  },
  {
    ...acts,
    name: 'role-misused',
    pattern: usedBy(ofRole, 'AccessKey', { type: misused, severity: high }),
    why: "A high finding shows a role's session in foreign hands.",
  },
  {
    ...acts,
    name: 'role-misused-on-bucket',
    pattern: usedBy(ofRole, 'S3Bucket', { type: misusedOnBucket, severity: high }),
    why:
      "A high finding shows a role's session at work on a bucket: the session is denied, the " +
      'bucket is left as it is.',
  },
  {
    ...asks,
    name: 'role-misused-medium',
    pattern: usedBy(ofRole, 'AccessKey', {
      type: [...misused, ...exfiltrated],
      severity: medium,
    }),
    why: 'A medium finding may be a new deployment or an admin abroad; a person decides.',
  },
  {
    ...asks,
    name: 'role-misused-in-cluster',
    pattern: usedBy(ofRole, 'EKSCluster', {
      type: misusedInCluster,
      severity: [{ numeric: ['>=', 4] }],
    }),
    why: "The role may be the cluster's own, which its nodes depend on; a person decides.",
  },
];

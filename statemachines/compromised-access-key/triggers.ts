import {
  exfiltrated,
  high,
  leaked,
  medium,
  misused,
  misusedOnBucket,
  ofUser,
  usedBy,
} from '../credential-findings.ts';
import type { Trigger } from '../triggers.ts';

const playbook = 'compromised-access-key';
// A key is stopped before anything else: its use is in CloudTrail whether or not it still works.
const acts = { playbook, priority: 'containment-first', approval: 'none' } as const;
const asks = { playbook, priority: 'containment-first', approval: 'required' } as const;

/**
 * Which findings start the playbook: those about a user's key or session, high and critical ones at
 * once, medium ones once a person agrees, and every one about root, which `open-case` leaves to a
 * human with what to do. Types are listed, so a new one starts nothing until somebody has judged it.
 */
export const triggers: readonly Trigger[] = [
  {
    ...acts,
    name: 'key-leaked',
    pattern: usedBy(ofUser, 'AccessKey', { type: leaked }),
    why: "AWS has found a user's credentials exposed; how grave their use was is beside the point.",
  },
  {
    ...acts,
    name: 'key-misused',
    pattern: usedBy(ofUser, 'AccessKey', { type: [...misused, ...exfiltrated], severity: high }),
    why: "A high finding shows a user's credentials in foreign hands.",
  },
  {
    ...acts,
    name: 'key-misused-on-bucket',
    pattern: usedBy(ofUser, 'S3Bucket', { type: misusedOnBucket, severity: high }),
    why:
      "A high finding shows a user's credentials at work on a bucket: the key is stopped, the " +
      'bucket is left as it is.',
  },
  {
    ...asks,
    name: 'key-misused-medium',
    pattern: usedBy(ofUser, 'AccessKey', { type: [...misused, ...exfiltrated], severity: medium }),
    why: 'A medium finding may be a user on the road or a new tool; a person decides.',
  },
  {
    ...acts,
    name: 'root-used',
    pattern: usedBy(['Root'], 'AccessKey', {
      type: [...leaked, ...misused, ...exfiltrated, { prefix: 'Policy:IAMUser/' }],
    }),
    why: 'Nothing in the account binds the root user: a human is told what can be done, and where.',
  },
  {
    ...acts,
    name: 'root-used-on-bucket',
    pattern: usedBy(['Root'], 'S3Bucket', { type: misusedOnBucket, severity: high }),
    why: 'Nothing in the account binds the root user: a human is told what can be done, and where.',
  },
];

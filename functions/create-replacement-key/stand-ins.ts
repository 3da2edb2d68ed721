import { createHash } from 'node:crypto';

/** A key that AWS gives to nobody: its ids hold no zero. */
export function keyStandIn(asked: object): object {
  const hash = createHash('sha256').update(JSON.stringify(asked)).digest('hex');
  const AccessKeyId = `AKIA${'0'.repeat(11)}${hash.slice(0, 5).toUpperCase()}`;
  return { AccessKey: { AccessKeyId, SecretAccessKey: 'withheld', Status: 'Active' } };
}

/** An ARN of no account. */
export function secretStandIn(asked: object): object {
  const name = 'Name' in asked ? String(asked.Name) : '';
  return { ARN: `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}-000000` };
}

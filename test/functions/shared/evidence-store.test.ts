import { createHash, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { wiringFrom } from '../../../functions/shared/environment.ts';
import { bytesSigned, type Signature } from '../../../functions/shared/signature.ts';
import { EvidenceInMemory } from '../../../replay/evidence-in-memory.ts';
import { rehearsalPublicKey, signAsRehearsal } from '../../../replay/rehearsal-signature.ts';
import { describeEvidenceStore } from './evidence-store-contract.ts';

describeEvidenceStore('in memory', async () => new EvidenceInMemory());

describe('evidence on AWS', () => {
  const { home } = wiringFrom(
    { invokedFunctionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:close-case' },
    {
      AWS_REGION: 'eu-west-1',
      CORDON_CASE_TABLE: 'cases',
      CORDON_TOPIC_ARN: 'arn:aws:sns:eu-west-1:111122223333:people',
      CORDON_SETTINGS: '{}',
    },
  );

  it('is refused where the deployment names no bucket', async () => {
    await expect(home.evidence.get('case-1/body.txt')).rejects.toThrow('CORDON_EVIDENCE_BUCKET');
    await expect(home.evidence.put('case-1/a', '', 'text/plain')).rejects.toThrow(
      'CORDON_EVIDENCE_BUCKET',
    );
  });

  it('is not signed where the deployment names no key', async () => {
    await expect(home.sign({ head: 1 })).rejects.toThrow('CORDON_SIGNING_KEY');
  });
});

describe('the signature of a rehearsal', () => {
  const statement = { head: 'a', format: 'b' };

  it('is the same each time, names the rehearsal key, and holds for nothing else', async () => {
    const signature = await signAsRehearsal(statement);
    const holds = (of: object, by: Pick<Signature, 'algorithm' | 'keyId'> = signature) =>
      verify(
        null,
        createHash('sha256').update(bytesSigned(of, by)).digest(),
        rehearsalPublicKey(),
        Buffer.from(signature.value, 'base64'),
      );

    expect(await signAsRehearsal({ format: 'b', head: 'a' })).toEqual(signature);
    expect(signature).toMatchObject({
      algorithm: 'REHEARSAL_ED25519',
      keyId: 'cordon-rehearsal-key-known-to-everybody',
    });
    expect(holds(statement)).toBe(true);
    expect(holds({ ...statement, head: 'c' })).toBe(false);
    expect(holds(statement, { ...signature, keyId: 'arn:aws:kms:eu-west-1:1:key/a' })).toBe(false);
  });
});

import { DescribeVpcsCommand, EC2Client, ModifyVpcAttributeCommand } from '@aws-sdk/client-ec2';
import type { FinalizeRequestMiddleware } from '@smithy/types';
import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { CaseRecord, type CaseRef } from '../../../functions/shared/case-record.ts';
import { patient } from '../../../functions/shared/connection.ts';
import { type AwsClients, eachClient } from '../../../functions/shared/journal.ts';
import { toLambda, type Wiring } from '../../../functions/shared/lambda.ts';
import { Settings } from '../../../functions/shared/settings.ts';
import { defineStep, NotProvenError } from '../../../functions/shared/step.ts';
import { UnusableInputError } from '../../../functions/shared/unusable-input.ts';
import { CaseTableInMemory } from '../../../replay/case-table-in-memory.ts';
import { EvidenceInMemory } from '../../../replay/evidence-in-memory.ts';
import { at, finding } from '../../rehearsal.ts';

const now = () => new Date(at);
const VpcId = 'vpc-0aaaaaaaaaaaaaaa1';

/** Reads, writes, then reads back: `proof` decides what the read-back finds. */
const step = (proof: () => void = () => {}) =>
  defineStep({
    name: 'test-step',
    input: z.strictObject({ vpcId: z.literal(VpcId) }),
    output: z.object({ outcome: z.enum(['done', 'proven']) }),
    reads: { 'ec2:DescribeVpcs': { on: '*' } },
    writes: { 'ec2:ModifyVpcAttribute': { on: '*', standIn: () => ({}) } },
    connect: (to) => ({ ec2: new EC2Client(patient(to)) }),
    async run(_input, { ec2 }) {
      await ec2.send(new DescribeVpcsCommand({}));
      await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsSupport: { Value: true } }));
      return { outcome: 'done' as const };
    },
    async prove(_input, _result, { ec2 }) {
      await ec2.send(new DescribeVpcsCommand({}));
      proof();
      return { outcome: 'proven' as const };
    },
  });

/** A wiring whose calls that leave the SDK are listed, and an open case in each mode. */
async function bench(table = new CaseTableInMemory()) {
  const left: string[] = [];
  const cases = new CaseRecord(table, now);
  const wire: FinalizeRequestMiddleware<object, object> = (_next, context) => async () => {
    left.push(String(context.commandName));
    return { output: { $metadata: {} }, response: undefined };
  };
  const wiring: Wiring = {
    home: {
      cases,
      evidence: new EvidenceInMemory(),
      sign: async () => Promise.reject(new Error('nothing is signed here')),
      notify: async () => {},
      isRunning: async () => true,
      start: async () => Promise.reject(new Error('nothing is started here')),
      answer: async () => 'gone',
      unitsOf: async () => [],
      newKey: () => '',
      approvalPage: undefined,
    },
    settings: Settings.parse({}),
    own: { account: '111122223333', region: 'eu-west-1' },
    now,
    sleep: async () => {},
    connection: async ({ region }) => ({
      region,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    }),
    prepare: (clients: AwsClients) => {
      eachClient(clients, ({ middlewareStack }) => {
        middlewareStack.add(wire, { name: 'wire', step: 'finalizeRequest', priority: 'low' });
      });
    },
  };
  const open = async (mode: 'live' | 'dry-run'): Promise<CaseRef> => {
    const opened = await cases.open({
      finding: finding(),
      mode,
      target: 'arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa1',
      execution: 'arn:aws:states:eu-west-1:111122223333:execution:m:e',
      lockSeconds: 60,
    });
    if (!('ref' in opened)) throw new Error(opened.outcome);
    return opened.ref;
  };
  // A Lambda context that no step reads.
  const invoke = (payload: object, proof?: () => void) =>
    toLambda(step(proof), async () => wiring)(payload, {} as Context);
  return { left, cases, wiring, open, invoke };
}

describe('the Lambda wrapper', () => {
  it('proves what a live run did, and keeps its journal in the case', async () => {
    const { left, cases, open, invoke } = await bench();
    const ref = await open('live');

    const result = await invoke({ mode: 'live', case: ref, input: { vpcId: VpcId } });

    expect(result).toEqual({ outcome: 'proven' });
    expect(left).toEqual([
      'DescribeVpcsCommand',
      'ModifyVpcAttributeCommand',
      'DescribeVpcsCommand',
    ]);
    const [kept] = await cases.steps(ref.caseId);
    expect(kept?.journal.map(({ call }) => call).slice(0, 2)).toEqual([
      'ec2:DescribeVpcs',
      'ec2:ModifyVpcAttribute',
    ]);
  });

  it.each([{ mode: 'dry-run' }, {}])('withholds the write, proves nothing: %o', async (mode) => {
    const { left, open, invoke } = await bench();

    const result = await invoke({ ...mode, case: await open('dry-run'), input: { vpcId: VpcId } });

    expect(result).toEqual({ outcome: 'would-be-done' });
    expect(left).toEqual(['DescribeVpcsCommand']);
  });

  it('keeps the journal of a run that its read-back failed', async () => {
    const { cases, open, invoke } = await bench();
    const ref = await open('live');
    const payload = { mode: 'live', case: ref, input: { vpcId: VpcId } };

    const ended = invoke(payload, () => {
      throw new NotProvenError('still off');
    });

    await expect(ended).rejects.toThrow(NotProvenError);
    expect((await cases.steps(ref.caseId)).map(({ outcome }) => outcome)).toContain('failed');
  });

  it.each([
    ['RequestLimitExceeded', 'ThrottledError'],
    ['ThrottlingException', 'ThrottledError'],
    // IAM's word for a quota, which no waiting lifts.
    ['LimitExceededException', 'LimitExceededException'],
    ['InternalError', 'InternalError'],
  ])('fails a step that AWS answers %s with %s', async (answered, thrown) => {
    const { cases, open, invoke } = await bench();
    const ref = await open('live');

    const ended = invoke({ mode: 'live', case: ref, input: { vpcId: VpcId } }, () => {
      throw Object.assign(new Error('Request limit exceeded.'), { name: answered });
    });

    await expect(ended).rejects.toMatchObject({ name: thrown });
    await expect(ended).rejects.toThrow('Request limit exceeded.');
    expect((await cases.steps(ref.caseId)).map(({ outcome }) => outcome)).toContain('failed');
  });

  it.each([
    ['a mode of another spelling', { mode: 'LIVE ' }, '$.mode: expected "dry-run" or "live"'],
    ['a mode that is not the case’s', { mode: 'live' }, '$.mode: the case is dry-run'],
    ['a field it does not know', { force: true }, 'force'],
    ['input it does not take', { input: { vpcId: 'vpc-1' } }, '$.input.vpcId'],
    ['no case', { case: undefined }, '$.case: expected the open case'],
  ])('refuses %s before it calls AWS', async (_what, differs, message) => {
    const { left, open, invoke } = await bench();
    const payload = { case: await open('dry-run'), input: { vpcId: VpcId }, ...differs };

    const ended = invoke(payload);

    await expect(ended).rejects.toThrow(UnusableInputError);
    await expect(ended).rejects.toThrow(message);
    expect(left).toEqual([]);
  });

  it('reports the step’s own error when the case cannot be written either', async () => {
    class LostTable extends CaseTableInMemory {
      lost = false;
      override async write(changes: Parameters<CaseTableInMemory['write']>[0]) {
        if (this.lost) throw new Error('the table is down');
        return super.write(changes);
      }
    }
    const table = new LostTable();
    const { open, invoke } = await bench(table);
    const payload = { mode: 'live', case: await open('live'), input: { vpcId: VpcId } };

    const ended = invoke(payload, () => {
      table.lost = true;
      throw new NotProvenError('still off');
    });

    await expect(ended).rejects.toThrow('still off');
  });

  it('lets a step use of Cordon’s own account what it declares, and no more', async () => {
    const told = { outcome: 'told' as const };
    const telling = (uses?: readonly ['notify']) =>
      toLambda(
        defineStep({
          name: 'test-step',
          withoutCase: true,
          input: z.unknown(),
          output: z.object({ outcome: z.literal('told') }),
          reads: {},
          writes: {},
          ...(uses && { uses }),
          connect: () => ({}),
          async run(_input, _aws, { home }) {
            await home.notify({ title: 'A word', text: '', keywords: [] });
            return told;
          },
        }),
        async () => wiring,
      );
    const { wiring } = await bench();

    await expect(telling(['notify'])({ input: {} }, {} as Context)).resolves.toEqual(told);
    await expect(telling()({ input: {} }, {} as Context)).rejects.toThrow(
      'test-step used home.notify undeclared',
    );
  });
});

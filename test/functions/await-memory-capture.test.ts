import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { awaitMemoryCapture } from '../../functions/await-memory-capture/handler.ts';
import { instanceArn } from '../../functions/shared/finding.ts';
import { InstanceId, Region } from '../../functions/shared/ids.ts';
import type { Mode } from '../../functions/shared/journal.ts';
import { toLambda, type Wiring } from '../../functions/shared/lambda.ts';
import { Settings } from '../../functions/shared/settings.ts';
import { wireRehearsal } from '../../replay/account/wiring.ts';
import { finding, rehearsalOf } from '../rehearsal.ts';

const account = { accountId: '111122223333', region: 'eu-west-1' };
const instanceId = InstanceId.parse('i-0bbbbbbbbbbbbbbb2');
const neighbour = InstanceId.parse('i-0dec0dec0dec0dec0');
const role = 'arn:aws:sts::111122223333:assumed-role/web/i-0bbbbbbbbbbbbbbb2';
const found = finding();

/** A role's case, and beside it what other cases do while it sleeps: once for each sleep. */
async function roleCase(meanwhile: readonly (() => Promise<unknown>)[] = []) {
  const rehearsal = await rehearsalOf(account, { target: role });
  const { cases } = rehearsal;
  const slept: number[] = [];

  /** A case on an instance, in a mode. */
  async function caseOn(which: InstanceId, mode: Mode = 'live', region = 'eu-west-1') {
    const opened = await cases.open({
      finding: finding({ id: `f-${which}-${mode}-${region}` }),
      mode,
      target: instanceArn({ ...found, region: Region.parse(region) }, which),
      execution: `arn:aws:states:eu-west-1:111122223333:execution:compromised-instance:${which}-${mode}`,
      lockSeconds: 3600,
    });
    if (!('ref' in opened)) throw new Error(`not opened: ${opened.outcome}`);
    const { ref } = opened;
    const at = '2026-03-01T04:05:06.000Z';
    return {
      ran: (step: string, outcome = 'ran') =>
        cases.recordStep(ref, { step, outcome, journal: [], at }),
      close: () => cases.close(ref, { status: 'contained', counted: 1, summary: {} }),
    };
  }

  async function wait(mode: Mode = 'live', input: unknown = { instanceId }) {
    const wiring: Wiring = {
      ...wireRehearsal({
        account: rehearsal.account,
        mode,
        table: rehearsal.table,
        settings: Settings.parse({}),
        notifications: [],
        now: () => new Date('2026-03-01T04:05:06.000Z'),
        running: new Set(),
      }),
      sleep: async (milliseconds) => {
        slept.push(milliseconds);
        await meanwhile[slept.length - 1]?.();
      },
    };
    const payload = { mode, case: await rehearsal.open(mode), input };
    // A Lambda context that no step reads.
    return toLambda(awaitMemoryCapture, async () => wiring)(payload, {} as Context);
  }
  return { ...rehearsal, caseOn, wait, slept };
}

describe('await-memory-capture', () => {
  it('goes on at once when the capture has begun', async () => {
    const { caseOn, wait, slept } = await roleCase();
    const decoy = await caseOn(neighbour);
    await decoy.ran('isolate-instance');
    await (await caseOn(instanceId)).ran('start-memory-capture');

    expect(await wait()).toEqual({ outcome: 'in-progress' });
    expect(slept).toEqual([]);
  });

  it('looks every five seconds until it has', async () => {
    const steps: (() => Promise<unknown>)[] = [];
    const { caseOn, wait, slept } = await roleCase(steps);
    steps.push(
      async () => {},
      async () => {
        const opened = await caseOn(instanceId);
        steps.push(() => opened.ran('start-memory-capture'));
      },
    );

    expect(await wait()).toEqual({ outcome: 'in-progress' });
    expect(slept).toEqual([5000, 5000, 5000]);
  });

  it.each([
    ['the instance is cut off', 'isolate-instance'],
    ['its case is closed', 'close'],
  ])('goes on when %s and nothing was captured', async (_what, what) => {
    const { caseOn, wait, slept } = await roleCase();
    const opened = await caseOn(instanceId);
    await (what === 'close' ? opened.close() : opened.ran(what));

    expect(await wait()).toEqual({ outcome: 'not-captured' });
    expect(slept).toEqual([]);
  });

  it('knows of a capture that began in a case closed since', async () => {
    const { caseOn, wait } = await roleCase();
    const opened = await caseOn(instanceId);
    await opened.ran('start-memory-capture');
    await opened.ran('isolate-instance');
    await opened.close();

    expect(await wait()).toEqual({ outcome: 'in-progress' });
  });

  it('does not take a start that failed for a capture: it is tried again', async () => {
    const { caseOn, wait } = await roleCase();
    await (await caseOn(instanceId)).ran('start-memory-capture', 'failed');

    expect(await wait()).toEqual({ outcome: 'time-over' });
  });

  it.each([
    ['there is no case on the instance', async () => {}],
    [
      'only a case of the other mode is there',
      async ({ caseOn }: Awaited<ReturnType<typeof roleCase>>) =>
        (await caseOn(instanceId, 'dry-run')).ran('start-memory-capture'),
    ],
    [
      'only a case in another Region is there',
      async ({ caseOn }: Awaited<ReturnType<typeof roleCase>>) =>
        (await caseOn(instanceId, 'live', 'us-east-1')).ran('start-memory-capture'),
    ],
    [
      'only a neighbour has a case',
      async ({ caseOn }: Awaited<ReturnType<typeof roleCase>>) =>
        (await caseOn(neighbour)).ran('start-memory-capture'),
    ],
  ])('gives up after a minute, without an error, when %s', async (_what, prepare) => {
    const made = await roleCase();
    await prepare(made);

    expect(await made.wait()).toEqual({ outcome: 'time-over' });
    expect(made.slept.reduce((sum, each) => sum + each, 0)).toBe(60_000);
  });

  it('does not go by an earlier incident’s case, closed before its own was opened', async () => {
    const rehearsal = await roleCase();
    const { ran, close } = await rehearsal.caseOn(instanceId);
    await ran('start-memory-capture');
    await close();
    const target = instanceArn(found, instanceId);
    const latest = await rehearsal.table.get({ pk: `target#${target}`, sk: 'case#live' });
    if (!latest) throw new Error('expected the case just opened');
    await rehearsal.table.write([{ put: { ...latest, openedAt: '2026-02-01T00:00:00.000Z' } }]);

    expect(await rehearsal.wait()).toEqual({ outcome: 'time-over' });
  });

  it('waits in a dry run for the dry run', async () => {
    const { caseOn, wait } = await roleCase();
    await (await caseOn(instanceId, 'dry-run')).ran('start-memory-capture');

    expect(await wait('dry-run')).toEqual({ outcome: 'in-progress' });
  });

  it('changes nothing and calls nothing', async () => {
    const { run, open, table, account: rehearsed } = await rehearsalOf(account, { target: role });
    await open('live');
    const [items, state] = [table.items(), rehearsed.copy().state];

    const { journal } = await run(awaitMemoryCapture, { instanceId });

    expect(journal).toEqual([]);
    expect(table.items()).toEqual(items);
    expect(rehearsed.copy().state).toEqual(state);
  });

  it('refuses what is no instance', async () => {
    const { wait, slept } = await roleCase();

    await expect(wait('live', { instanceId: 'i-0' })).rejects.toThrow('$.input.instanceId');
    expect(slept).toEqual([]);
  });
});

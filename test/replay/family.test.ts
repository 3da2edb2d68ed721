import { expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import type { Mode } from '../../functions/shared/journal.ts';
import { AccountState } from '../../replay/account/state.ts';
import type { Case } from '../../replay/read-case.ts';
import { RehearsalSettings } from '../../replay/rehearsal-settings.ts';
import { replayCase } from '../../replay/replay.ts';
import { loadWorkflow, readWorkflows } from '../../replay/workflow.ts';

const place = { account: '111122223333', region: 'eu-west-1' };
const instances = ['i-0aaaaaaaaaaaaaaa1', 'i-0bbbbbbbbbbbbbbb2'];

const start = (name: string, instanceId: string | undefined, more: object = {}) => ({
  Type: 'Task',
  Resource: `\${StartPlaybook}`,
  Parameters: {
    'mode.$': '$.case.mode',
    'case.$': '$.case.ref',
    input: {
      playbook: 'compromised-instance',
      request: { instanceId, ...place, reason: 'its credentials were used elsewhere' },
      name,
    },
  },
  ResultPath: `$.${name}`,
  TimeoutSeconds: 60,
  ...more,
});

/** Opens a case on a role and starts the playbook of two instances, of the first one twice. */
const starter = {
  StartAt: 'Open case',
  States: {
    'Open case': {
      Type: 'Task',
      Resource: `\${OpenCase}`,
      Parameters: {
        input: {
          'request.$': '$',
          'execution.$': '$$.Execution.Id',
          playbook: 'compromised-role',
        },
      },
      ResultPath: '$.case',
      Next: 'Start the first',
    },
    'Start the first': start('first', instances[0], { Next: 'Start it again' }),
    'Start it again': start('first', instances[0], { Next: 'Start the second' }),
    'Start the second': start('second', instances[1], { Next: 'Wait for its memory' }),
    'Wait for its memory': {
      Type: 'Task',
      Resource: `\${AwaitMemoryCapture}`,
      Parameters: {
        'mode.$': '$.case.mode',
        'case.$': '$.case.ref',
        input: { instanceId: instances[1] },
      },
      ResultPath: '$.waited',
      TimeoutSeconds: 100,
      End: true,
    },
  },
};

const workflows = new Map(
  [...readWorkflows()]
    .filter(([playbook]) => playbook === 'compromised-instance')
    .map(([playbook, text]) => [playbook, loadWorkflow(playbook, text, steps)] as const),
).set('compromised-role', loadWorkflow('compromised-role', JSON.stringify(starter), steps));

const vpcId = 'vpc-0aaaaaaaaaaaaaaa1';
const subnetId = 'subnet-0aaaaaaaaaaaaaaa1';
const account = AccountState.parse({
  accountId: place.account,
  region: place.region,
  vpcs: [{ vpcId }],
  subnets: [{ subnetId, vpcId }],
  securityGroups: [{ groupId: 'sg-0aaaaaaaaaaaaaaa1', groupName: 'web', vpcId, rules: [] }],
  instances: instances.map((instanceId) => ({ instanceId, subnetId })),
  networkInterfaces: instances.map((instanceId, n) => ({
    networkInterfaceId: `eni-0aaaaaaaaaaaaaaa${n + 1}`,
    subnetId,
    groups: ['sg-0aaaaaaaaaaaaaaa1'],
    privateIpAddresses: [`10.0.0.${n + 10}`],
    attachment: { instanceId, deviceIndex: 0 },
  })),
});

const theCase: Case = {
  source: 'made-up',
  documents: [
    { file: 'event.json', value: { roleName: 'web', sessionName: instances[1], ...place } },
  ],
  account,
  settings: RehearsalSettings.parse({}),
};

const groupsIn = (state: AccountState | undefined) =>
  state?.networkInterfaces.map(({ groups }) => groups);

/** The replays of the case, in short. */
async function replays(mode: Mode) {
  const replayed = await replayCase(theCase, { workflows, mode });
  return replayed.map(({ replay }) => replay);
}

it.each(['dry-run', 'live'] as const)(
  'reports the playbooks that one starts after it, in the order it started them, %s',
  async (mode) => {
    const all = await replays(mode);

    expect(
      all.map(({ playbook, startedBy, target, status, source, mode: ran }) => ({
        playbook,
        startedBy,
        target,
        status,
        source,
        mode: ran,
      })),
    ).toEqual([
      {
        playbook: 'compromised-role',
        startedBy: null,
        target: 'web/i-0bbbbbbbbbbbbbbb2 in 111122223333 eu-west-1',
        status: 'succeeded',
        source: 'made-up',
        mode,
      },
      ...instances.map((instanceId) => ({
        playbook: 'compromised-instance',
        startedBy: 'compromised-role',
        target: `${instanceId} in 111122223333 eu-west-1`,
        status: 'succeeded',
        source: 'made-up',
        mode,
      })),
    ]);
    expect(all[1]?.reason).toBe(
      'compromised-role started it: its credentials were used elsewhere.',
    );
    expect(all[0]?.steps.map(({ step, outcome }) => `${step} ${outcome}`)).toEqual([
      'open-case opened',
      'start-playbook started',
      'start-playbook already-started',
      'start-playbook started',
      'await-memory-capture not-captured',
    ]);
    expect(all[2]?.steps.map(({ step }) => step)).toContain('isolate-instance');
  },
);

it('isolates both instances in the one account of a live replay', async () => {
  const all = await replays('live');

  const [first, second] = groupsIn(all.at(-1)?.account?.after) ?? [];
  expect(first).not.toEqual(['sg-0aaaaaaaaaaaaaaa1']);
  expect(second).not.toEqual(['sg-0aaaaaaaaaaaaaaa1']);
});

it('changes the account in no dry run, whoever started it', async () => {
  const all = await replays('dry-run');

  for (const { account: seen } of all) expect(seen?.after).toEqual(account);
  const dispositions = all.flatMap(({ steps: ran }) => ran.flatMap(({ calls }) => calls));
  expect(dispositions.some(({ disposition }) => disposition === 'withheld')).toBe(true);
});

it('comes to the same twice', async () => {
  expect(JSON.stringify(await replays('live'))).toBe(JSON.stringify(await replays('live')));
});

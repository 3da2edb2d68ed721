import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import type { Item } from '../../functions/shared/case-table.ts';
import { parseRequest } from '../../functions/shared/parse-finding.ts';
import { StoppedFollowing, startCommand } from '../../infra/start/command.ts';
import { accountFromFinding } from '../../replay/account/from-finding.ts';
import { RehearsalAccount } from '../../replay/account/rehearsal-account.ts';
import { CaseTableInMemory } from '../../replay/case-table-in-memory.ts';
import { rehearsalSettings } from '../../replay/rehearsal-settings.ts';
import { executionArn, type Ran, runWorkflow } from '../../replay/run-workflow.ts';
import { loadWorkflows } from '../../replay/workflow.ts';
import { type Execution, LocalAws, type World } from './local-aws.ts';

const instance = 'i-0123456789abcdef0';
const machines = { 'eu-west-1': ['cordon-prod-compromised-instance', 'cordon-prod-release'] };

/** A real run of the playbook, for its states, its output and its case. */
async function playedBack(input: object) {
  const workflow = loadWorkflows(steps).get('compromised-instance');
  if (!workflow) throw new Error('there is no such workflow');
  const now = () => new Date('2026-03-01T04:05:06.000Z');
  const own = { account: '111122223333', region: 'eu-west-1' };
  const { finding } = parseRequest(input, { ...own, execution: 'x', now: now() });
  const account = new RehearsalAccount(accountFromFinding(finding), { now });
  const table = new CaseTableInMemory();
  const world = { account, table, running: new Set<string>(), settings: rehearsalSettings() };
  const execution = { workflow, name: 'run', input, now, ...world };
  const ran = await runWorkflow(execution).ended;
  return { ran, items: table.items(), arn: executionArn(execution, 'run') };
}

/** The run as Step Functions tells of it, in two looks: half its states, then the rest. */
function toldOf({ entered, failure }: Ran, input: object): Execution {
  const at = (n: number) => 1_772_338_000 + n;
  const events = entered.map(({ state }, n) => ({
    id: n + 1,
    previousEventId: n,
    timestamp: at(n),
    type: state.startsWith('Wait') ? 'WaitStateEntered' : 'TaskStateEntered',
    stateEnteredEventDetails: { name: state },
  }));
  const half = Math.ceil(events.length / 2);
  const last = {
    id: 999,
    previousEventId: 1,
    timestamp: at(95),
    type: failure ? 'ExecutionFailed' : 'ExecutionSucceeded',
  };
  const opened = entered[0]?.invocations[0]?.result;
  return {
    history: [events.slice(0, half), [...events.slice(half), last]],
    described: {
      status: failure ? 'FAILED' : 'SUCCEEDED',
      startDate: at(0),
      stopDate: at(95),
      input: JSON.stringify(input),
      ...(failure ?? { output: JSON.stringify({ ...input, case: opened }) }),
    },
  };
}

let aws: LocalAws | undefined;
afterEach(() => aws?.close());

/** A terminal whose words, and the waits between, are noted. */
const terminalInto = (
  said: { out: string; err: string; pauses: number },
  pause = async (): Promise<void> => {},
) => ({
  print(text: string) {
    said.out += text;
  },
  complain(text: string) {
    said.err += text;
  },
  colour: false,
  pause() {
    said.pauses++;
    return pause();
  },
});

/** Runs the command against an AWS on this machine. */
async function start(args: readonly string[], world: Partial<World>, pause = async () => {}) {
  aws = new LocalAws({ machines, ...world });
  const endpoint = await aws.open();
  const said = { out: '', err: '', pauses: 0 };
  const terminal = terminalInto(said, pause);
  const credentials = async () => ({
    accessKeyId: 'AKIATESTTESTTESTTEST',
    secretAccessKey: 'test',
  });
  const given = { endpoint, credentials, region: 'eu-west-1', maxAttempts: 1 };
  const code = await startCommand(args, terminal, given);
  return { ...said, code, calls: aws.calls, started: aws.started };
}

const refused = (call: string, name: string, message = 'no') => ({
  refused: { [call]: { name, message } },
});
const byInstance = ['compromised-instance', '--instance', instance];

describe('npm run start', () => {
  const input = { instanceId: instance, mode: 'live' };
  let world: Partial<World>;
  let run: Ran;
  let items: readonly Item[];
  beforeAll(async () => {
    const played = await playedBack(input);
    [run, items] = [played.ran, played.items];
    world = { execution: toldOf(run, input), table: { name: 'Cases-1', items } };
  });

  it('starts the playbook, follows it state by state, and prints the case', async () => {
    const { code, out, err, pauses, started } = await start([...byInstance, '--live'], world);
    expect({ code, err, pauses }).toEqual({ code: 0, err: '', pauses: 1 });
    expect(started).toMatchObject([
      {
        stateMachineArn: `arn:aws:states:eu-west-1:111122223333:stateMachine:${machines['eu-west-1'][0]}`,
        input: JSON.stringify(input),
      },
    ]);
    const states = run.entered.map(({ state }) => state);
    const shown = [...out.matchAll(/^ {2}\d\d:\d\d:\d\d {2}(.*?)(?: \(waits\))?$/gm)].map(
      ([, state]) => state,
    );
    expect(shown).toEqual(states);
    expect(out).toContain('succeeded after 95 s: Instance is contained');
    expect(out).toMatch(/^case-[0-9a-f]{10} · contained · live$/m);
    expect(out).toContain('Isolate instance: isolated');
    expect(out).toContain('did   ec2:ModifyNetworkInterfaceAttribute');
    expect(out).toContain('connections that were open before the cut');
    expect(
      Math.max(
        ...out
          .split('\n')
          .filter((line) => !line.startsWith('arn:'))
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(100);
  });

  it('asks for a dry run when nobody says live', async () => {
    const { started, out } = await start(byInstance, world);
    expect(started[0]?.input).toBe(JSON.stringify({ instanceId: instance }));
    expect(out).toMatch(
      /^compromised-instance · dry run · started start-[0-9a-f]{12}; times are UTC$/m,
    );
  });

  it('prints one document for programs, and its progress beside it', async () => {
    const { out, err } = await start([...byInstance, '--live', '--json'], world);
    const document = JSON.parse(out);
    expect(document).toMatchObject({
      playbook: 'compromised-instance',
      status: 'SUCCEEDED',
      states: run.entered.map(({ state }) => state),
      case: { status: 'contained', mode: 'live', steps: expect.any(Array) },
    });
    expect(err).toContain('Isolate instance');
  });

  it('says which attempt of which state failed', async () => {
    const failing = [
      {
        id: 1,
        previousEventId: 0,
        timestamp: 1,
        type: 'TaskStateEntered',
        stateEnteredEventDetails: { name: 'Isolate instance' },
      },
      { id: 2, previousEventId: 1, timestamp: 2, type: 'LambdaFunctionScheduled' },
      {
        id: 3,
        previousEventId: 2,
        timestamp: 3,
        type: 'LambdaFunctionFailed',
        lambdaFunctionFailedEventDetails: { error: 'NotProvenError' },
      },
      { id: 4, previousEventId: 3, timestamp: 4, type: 'ExecutionFailed' },
    ];
    const described = {
      status: 'FAILED',
      startDate: 1,
      stopDate: 4,
      input: '{}',
      error: 'NeedsHuman',
      cause: 'A containment step did not succeed.',
    };
    const { code, out } = await start(byInstance, {
      ...world,
      execution: { history: [failing], described },
    });
    expect(code).toBe(1);
    expect(out).toContain('  00:00:03  Isolate instance failed: NotProvenError\n');
    expect(out).toContain(
      'failed after 3 s: Isolate instance\n  NeedsHuman: A containment step did not succeed.',
    );
  });

  it('finds the case of an execution that failed, and so has no output', async () => {
    const { caseId } = items.find(({ sk }) => String(sk) === 'case') as { caseId?: string } & Item;
    const held = items.find(({ pk }) => String(pk).startsWith('execution#'));
    const described = {
      status: 'FAILED',
      startDate: 1,
      stopDate: 4,
      input: '{}',
      error: 'NeedsHuman',
      cause: '',
    };
    const end = [{ id: 1, previousEventId: 0, timestamp: 1, type: 'ExecutionFailed' }];
    const arn =
      'arn:aws:states:eu-west-1:111122223333:execution:cordon-prod-compromised-instance:run';
    const moved = items.map((item) => (item === held ? { ...item, pk: `execution#${arn}` } : item));
    const { code, out, started } = await start(['follow', arn], {
      table: { name: 'Cases-1', items: moved },
      execution: { history: [end], described },
    });
    expect({ code, started, caseId }).toMatchObject({ code: 1, started: [] });
    expect(out).toMatch(/^case-[0-9a-f]{10} · contained · live$/m);
  });

  it('goes on without the case record where it may not be read', async () => {
    const { code, out } = await start([...byInstance, '--live'], {
      ...world,
      ...refused(
        'DescribeStackResources',
        'AccessDenied',
        'User is not authorized to perform this.',
      ),
    });
    expect(code).toBe(0);
    expect(out).toMatch(/^case-[0-9a-f]{10}$/m);
    expect(out).toContain('The case record was not read: AWS refuses: User is not authorized');
  });

  it.each([
    [
      { outcome: 'opened', forced: 'policy' },
      "a dry run whatever was asked: the deployment's policy",
    ],
    [{ outcome: 'joined', reason: 'open-case', other: 'case-0123456789' }, 'joined: open-case'],
    [{ outcome: 'needs-human', reason: 'never-touch' }, 'needs-human: never-touch'],
  ])('says what kept a run from doing what was asked: %j', async (opening, line) => {
    const told = world.execution?.described as object;
    const described = { ...told, output: JSON.stringify({ case: opening }) };
    const history = world.execution?.history ?? [];
    const { out } = await start([...byInstance, '--live'], {
      ...world,
      execution: { history, described },
    });
    expect(out).toContain(line);
  });

  it('leaves the execution running on Ctrl-C, and says how to follow it', async () => {
    const { code, err, calls } = await start([...byInstance, '--profile', 'sec'], world, () =>
      Promise.reject(new StoppedFollowing()),
    );
    expect(code).toBe(130);
    expect(err).toContain('The execution goes on.');
    expect(err).toMatch(
      /npm run start -- follow arn:aws:states:eu-west-1:111122223333:execution:cordon-prod-compromised-instance:start-\S+ --profile sec\n/,
    );
    expect(calls.filter((call) => call === 'StopExecution')).toEqual([]);
  });

  it.each([
    [
      ['compromised-access-key', '--user', 'mats.berg', '--live'],
      { userName: 'mats.berg', mode: 'live' },
    ],
    [
      ['compromised-access-key', '--access-key', 'ASIAIOSFODNN7EXAMPLE', '--user', 'm'],
      { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', userName: 'm' },
    ],
    [
      ['compromised-role', '--role', 'ci', '--session', 's-1'],
      { roleName: 'ci', sessionName: 's-1' },
    ],
    [
      ['rotate-access-key', '--access-key', 'AKIAIOSFODNN7EXAMPLE', '--reason', 'old'],
      { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', reason: 'old' },
    ],
    [
      ['release', '--case', 'case-0123456789', '--live'],
      { caseId: 'case-0123456789', mode: 'live' },
    ],
    [
      [
        ...['release', '--case', 'case-0123456789', '--steps', 'isolate-instance'],
        ...['deactivate-access-key', '--rejoin', 'shop-web', '--reactivate-keys'],
        ...['AKIAIOSFODNN7EXAMPLE', '--reason', 'false alarm'],
      ],
      {
        caseId: 'case-0123456789',
        steps: ['isolate-instance', 'deactivate-access-key'],
        rejoin: ['shop-web'],
        reactivateKeys: ['AKIAIOSFODNN7EXAMPLE'],
        reason: 'false alarm',
      },
    ],
    [
      [
        ...byInstance,
        '--account',
        '444455556666',
        '--target-region',
        'us-east-1',
        '--priority',
        'containment-first',
        '--no-memory',
      ],
      {
        instanceId: instance,
        priority: 'containment-first',
        account: '444455556666',
        region: 'us-east-1',
        memory: 'skip',
      },
    ],
  ])('starts %j', async (args, asked) => {
    const every = [
      'compromised-instance',
      'compromised-access-key',
      'compromised-role',
      'rotate-access-key',
      'release',
    ];
    const names = every.map((name) => `cordon-test-${name}`);
    const { started } = await start([...args, '--stage', 'test'], {
      ...world,
      machines: { 'eu-west-1': names },
    });
    expect(JSON.parse(started[0]?.input ?? '')).toEqual(asked);
    expect(started[0]?.stateMachineArn).toMatch(new RegExp(`:cordon-test-${args[0]}$`));
  });
});

describe('what cannot be started', () => {
  it.each([
    [
      ['compromised-instance', '--instance', 'i-12'],
      '--instance: expected i- and 8 or 17 hex digits',
    ],
    [['compromised-instance'], "required option '--instance <id>' not specified"],
    [
      ['compromised-instance', '--instance', instance, '--priority', 'first'],
      'evidence-first, containment-first',
    ],
    [
      ['compromised-instance', '--instance', instance, '--account', '12'],
      '--account: expected the 12 digits',
    ],
    [
      ['compromised-instance', '--instance', instance, '--target-region', 'mars'],
      '--target-region: expected a Region',
    ],
    [['compromised-access-key'], 'expected --access-key, --user, or both'],
    [['compromised-access-key', '--access-key', 'AKIA'], '--access-key: expected AKIA or ASIA'],
    [
      ['compromised-role', '--role', 'path/name'],
      '--role: expected the name of an IAM role, without its path',
    ],
    [['release', '--case', 'x'], '--case: expected a case id'],
    [
      ['release', '--case', 'case-0123456789', '--steps', 'tell-human'],
      '--steps: expected steps that can be undone: ',
    ],
    [
      ['release', '--case', 'case-0123456789', '--reactivate-keys', 'AKIA'],
      '--reactivate-keys: expected AKIA or ASIA',
    ],
    [
      ['follow', 'arn:aws:states:eu-west-1:111122223333:execution:other:1'],
      'expected the ARN of an execution',
    ],
    [[...byInstance, '--region', 'EU WEST'], '--region: expected a Region, such as eu-west-1'],
    [[...byInstance, '--region', 'global'], '--region: expected a Region, such as eu-west-1'],
    [['lost-ssh-key'], "unknown command 'lost-ssh-key'"],
    [[], 'Usage: npm run start --'],
  ])('is said before AWS is asked anything: %j', async (args, said) => {
    const { code, err, calls } = await start(args, {});
    expect({ code, calls }).toEqual({ code: 2, calls: [] });
    expect(err.replaceAll('\n', ' ')).toContain(said);
  });

  it.each<[string, Partial<World>, string]>([
    [
      'expired credentials',
      refused('ListStateMachines', 'ExpiredTokenException'),
      'The AWS credentials have expired. Sign in again (aws sso login --profile NAME)',
    ],
    [
      'unknown credentials',
      refused('ListStateMachines', 'UnrecognizedClientException'),
      'AWS does not take these credentials',
    ],
    [
      'no permission to start',
      refused(
        'StartExecution',
        'AccessDeniedException',
        'User: x is not authorized to perform: states:StartExecution.',
      ),
      'not authorized to perform: states:StartExecution. Who starts playbooks needs what docs/deploy.md lists.',
    ],
    [
      'no permission, in words without a full stop',
      refused('StartExecution', 'AccessDeniedException', 'no identity-based policy allows it'),
      'AWS refuses: no identity-based policy allows it. Who starts playbooks',
    ],
    [
      'another Region',
      { machines: { 'us-east-1': ['cordon-prod-compromised-instance'] } },
      'There is no cordon-prod-compromised-instance in eu-west-1 of account 111122223333. It is in us-east-1: say --region us-east-1.',
    ],
    [
      'another stage',
      {
        machines: {
          'eu-west-1': ['cordon-test-compromised-instance', 'cordon-pre-prod-compromised-instance'],
        },
      },
      'Of other stages there is: --stage test, pre-prod.',
    ],
    [
      'an older deployment',
      { machines: { 'eu-west-1': ['cordon-prod-release'] } },
      'What is there: cordon-prod-release. To deploy what is new: npm run deploy.',
    ],
    ['no deployment', { machines: {} }, 'or deploy it: npm run deploy -- --profile NAME.'],
  ])('is said with what to do: %s', async (_what, world, said) => {
    const { code, err, started } = await start(byInstance, world);
    expect({ code, started }).toEqual({ code: 2, started: [] });
    expect(err.replaceAll('\n', ' ')).toContain(said);
    expect(Math.max(...err.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('is said when nothing answers, such as in a Region that is none', async () => {
    const said = { out: '', err: '', pauses: 0 };
    const credentials = async () => ({
      accessKeyId: 'AKIATESTTESTTESTTEST',
      secretAccessKey: 'test',
    });
    // Port 9 is the discard service's, which no machine runs.
    const given = {
      endpoint: 'http://127.0.0.1:9',
      credentials,
      region: 'eu-west-9',
      maxAttempts: 1,
    };
    expect(await startCommand(byInstance, terminalInto(said), given)).toBe(2);
    expect(said.err).toMatch(/AWS does not answer at .*ECONNREFUSED/);
  });

  it.concurrent.each([
    [
      ['--region', 'eu-west-1'],
      /There are no AWS credentials\. Say --profile NAME, or set AWS_PROFILE; .* --profile NAME $/,
    ],
    [
      ['--region', 'eu-west-1', '--profile', 'nobody'],
      /Profile nobody gives no AWS credentials: .*[^.]\. Sign in: aws sso login --profile nobody $/,
    ],
    [[], "No Region is set. Say the responder's: --region eu-west-1, or set AWS_REGION."],
  ])('is said by the program itself, in an empty environment: %j', async (args, said) => {
    const cli = fileURLToPath(new URL('../../infra/start/cli.ts', import.meta.url));
    const env = { HOME: tmpdir(), AWS_EC2_METADATA_DISABLED: 'true', NODE_NO_WARNINGS: '1' };
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, [cli, ...byInstance, ...args], { env }, (error, _out, stderr) =>
        resolve({ code: error?.code ?? 0, stderr }),
      );
    });
    expect(code).toBe(2);
    expect(stderr.replaceAll('\n', ' ')).toMatch(said);
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import type { Credentials, Step } from '../../functions/shared/step.ts';
import { documentName } from '../../functions/start-memory-capture/capture-document.ts';
import { accessOf, statementsFor } from '../../infra/statements.ts';
import { answerTo } from './commands.ts';
import { type Deployed, deploy } from './deployment.ts';
import { emptyMoto } from './moto.ts';
import { config } from './test-config.ts';
import { given } from './world.ts';

let deployed: Deployed;
beforeAll(async () => {
  await emptyMoto();
  deployed = await deploy();
});

/** The actions that `additions.py` answers for, before anybody is asked who calls. */
const unjudged: ReadonlySet<string> = new Set([
  'cloudtrail:LookupEvents',
  'ssm:DescribeInstanceInformation',
]);
const all: readonly Step[] = steps;
const callsOf = ({ reads, writes }: Step) => Object.keys({ ...reads, ...writes });
const judgedCalls = [...new Set(all.flatMap(callsOf))].filter((call) => !unjudged.has(call)).sort();
const allowedTo = (step: Step): ReadonlySet<string> =>
  new Set(statementsFor(accessOf(step)).flatMap(({ Action }) => Action));

/** Names whatever a call may be about, as something that the declarations are about. */
const about = {
  UserName: 'probe',
  RoleName: 'probe',
  GroupName: 'probe',
  PolicyArn: 'arn:aws:iam::111122223333:policy/probe',
  AccessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  SecretId: 'cordon/probe',
  Name: 'cordon/probe',
  AutoScalingGroupName: 'probe',
  LoadBalancerName: 'probe',
};
const document = documentName(config.stage, 'linux');
const inputOf = (call: string) =>
  call.startsWith('ssm:') ? { ...about, Name: document, DocumentName: document } : about;

async function denied(step: Step, calls: readonly string[]): Promise<readonly string[]> {
  const { environment } = given(
    deployed.functions.find(({ module }) => module.endsWith(`/${step.name}.mjs`)),
  );
  const credentials: Credentials = {
    accessKeyId: given(environment.AWS_ACCESS_KEY_ID),
    secretAccessKey: given(environment.AWS_SECRET_ACCESS_KEY),
    sessionToken: given(environment.AWS_SESSION_TOKEN),
  };
  const answers = await Promise.all(
    calls.map(async (call) => [call, await answerTo(call, credentials, inputOf(call))] as const),
  );
  return answers.flatMap(([call, answer]) => (answer === 'denied' ? call : []));
}

describe.each(all.map((step) => [step.name, step] as const))('the role of %s', (_, step) => {
  const allowed = allowedTo(step);

  it('may make the calls that its step declares', async () => {
    expect(
      await denied(
        step,
        callsOf(step).filter((call) => !unjudged.has(call)),
      ),
    ).toEqual([]);
  });

  it('may make none that only other steps declare, nor one that nobody does', async () => {
    const outside = [...judgedCalls.filter((call) => !allowed.has(call)), 'ec2:TerminateInstances'];
    expect(await denied(step, outside)).toEqual(outside);
  });
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeSnapshotsCommand } from '@aws-sdk/client-ec2';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { steps } from '../../functions/index.ts';
import { isolateInstance } from '../../functions/isolate-instance/handler.ts';
import { protectInstance } from '../../functions/protect-instance/handler.ts';
import { CaseRef } from '../../functions/shared/case-record.ts';
import { patient } from '../../functions/shared/connection.ts';
import { wiringFrom } from '../../functions/shared/environment.ts';
import type { AwsClients, Mode } from '../../functions/shared/journal.ts';
import { contextOf, type Wiring } from '../../functions/shared/lambda.ts';
import { Settings } from '../../functions/shared/settings.ts';
import { type Result, runUndo, type Step } from '../../functions/shared/step.ts';
import { RehearsalAccount } from '../../replay/account/rehearsal-account.ts';
import { AccountState } from '../../replay/account/state.ts';
import { changes } from '../../replay/call-in-words.ts';
import { CaseTableInMemory } from '../../replay/case-table-in-memory.ts';
import { runWorkflow } from '../../replay/run-workflow.ts';
import { loadWorkflows } from '../../replay/workflow.ts';
import { asAccountState } from './as-account-state.ts';
import { createCaseTable } from './case-table-in-moto.ts';
import { emptyMoto, toMoto } from './moto.ts';
import { account } from './test-config.ts';
import { clientsTo, given, setUp, type World } from './world.ts';

const clients = clientsTo(toMoto);
const { ec2 } = clients;
const at = new Date();
let world: World;
let before: AccountState;
let topic: string;
let signingKey: string;

/** What was published, by a subscriber of its own. */
const messages: { content: { title: string } }[] = [];
let subscriber: Server;

beforeAll(async () => {
  subscriber = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { Type, Message } = JSON.parse(body);
      if (Type === 'Notification') messages.push(JSON.parse(Message));
      response.end();
    });
  });
  await new Promise<void>((resolve) => subscriber.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  subscriber.close();
});

beforeEach(async () => {
  await emptyMoto();
  messages.length = 0;
  world = await setUp(clients);
  before = await asAccountState(clients, world.vpcId);
  await createCaseTable(new DynamoDBClient(patient(toMoto)), 'cases');
  topic = await topicWithSubscriber();
  signingKey = await whereEvidenceGoes();
});

/** Makes the bucket of evidence, and the key that its manifests are signed with. */
async function whereEvidenceGoes(): Promise<string> {
  const s3 = new S3Client({ ...patient(toMoto), forcePathStyle: true });
  const CreateBucketConfiguration = { LocationConstraint: toMoto.region };
  await s3.send(new CreateBucketCommand({ Bucket: 'evidence', CreateBucketConfiguration }));
  const { KeyMetadata } = await new KMSClient(patient(toMoto)).send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
  );
  return given(KeyMetadata?.Arn);
}

async function topicWithSubscriber(): Promise<string> {
  const sns = new SNSClient(patient(toMoto));
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'people' }));
  // A TCP server's address is no string.
  const { port } = subscriber.address() as AddressInfo;
  const Endpoint = `http://127.0.0.1:${port}/`;
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint }));
  return given(TopicArn);
}

/** What is on in these runs: a memory tool, which moto has no agent for, and the denial of addresses. */
const settings = Settings.parse({
  playbooks: { 'compromised-instance': 'live' },
  memory: {
    tools: [
      {
        platform: 'linux',
        architecture: 'x86_64',
        bucket: 'tools',
        key: 'avml',
        sha256: 'a'.repeat(64),
      },
    ],
  },
  denyRemoteAddresses: { enabled: true },
});
/** What of open-case's result is read here. */
const opening = z.object({ ref: CaseRef });
const hostile = '203.0.113.99';

/** The wiring of a deployed Lambda, which learns from its environment where AWS is. */
function wire(): Wiring {
  Object.assign(process.env, { AWS_ENDPOINT_URL: toMoto.endpoint });
  const invokedFunctionArn = `arn:aws:lambda:eu-west-1:${account}:function:step`;
  return wiringFrom(
    { invokedFunctionArn },
    {
      AWS_REGION: 'eu-west-1',
      CORDON_CASE_TABLE: 'cases',
      CORDON_TOPIC_ARN: topic,
      CORDON_EVIDENCE_BUCKET: 'evidence',
      CORDON_SIGNING_KEY: signingKey,
      CORDON_SETTINGS: JSON.stringify(settings),
    },
  );
}

const finding = (id: string) => ({
  schemaVersion: '2.0',
  accountId: account,
  region: 'eu-west-1',
  id,
  type: 'Backdoor:EC2/C&CActivity.B',
  severity: 8,
  updatedAt: '2026-03-01T04:05:06.000Z',
  resource: {
    resourceType: 'Instance',
    instanceDetails: {
      instanceId: world.instanceId,
      networkInterfaces: [{ vpcId: world.vpcId, subnetId: world.subnets.front }],
    },
  },
  service: {
    resourceRole: 'ACTOR',
    count: 1,
    archived: false,
    action: {
      actionType: 'NETWORK_CONNECTION',
      networkConnectionAction: {
        connectionDirection: 'OUTBOUND',
        remoteIpDetails: { ipAddressV4: hostile },
      },
    },
  },
});

const workflows = loadWorkflows(steps);

/** Runs the workflow with its real handlers, clients and home, all of them in moto. */
async function run(
  mode: Mode,
  { id = 'f1d1d1d1', ...words }: { id?: string; priority?: string } = {},
) {
  const ran = await runWorkflow({
    workflow: given(workflows.get('compromised-instance')),
    name: `${mode}-${id}`,
    input: { mode, ...words, event: finding(id) },
    wire,
    // None of these is reached: `wire` stands in for them all.
    account: new RehearsalAccount(AccountState.parse({ accountId: account }), { now: () => at }),
    table: new CaseTableInMemory(),
    settings,
    now: () => at,
    running: new Set(),
  }).ended;
  const invocations = ran.entered.flatMap((entered) => entered.invocations);
  expect(invocations.flatMap(({ step, error }) => (error ? `${step}: ${error}` : []))).toEqual([]);
  expect(ran.status).toBe('succeeded');
  return invocations;
}
type Invocations = Awaited<ReturnType<typeof run>>;

const outcomes = (invocations: Invocations) =>
  Object.fromEntries(invocations.map(({ step, outcome }) => [step, outcome]));

/** The writes that were made, or would have been, without the ids that differ from run to run. */
const writes = (invocations: Invocations, disposition: 'sent' | 'withheld') =>
  invocations.flatMap(({ step, journal }) =>
    journal
      .filter((entry) => entry.disposition === disposition && changes(entry.call))
      .map(({ call }) => `${step} ${call}`),
  );

const now = () => asAccountState(clients, world.vpcId);
const ofInstance = (state: AccountState, id: string) => ({
  instance: state.instances.find(({ instanceId }) => instanceId === id),
  interfaces: state.networkInterfaces.filter(({ attachment }) => attachment?.instanceId === id),
});

async function snapshots() {
  const { Snapshots = [] } = await ec2.send(
    new DescribeSnapshotsCommand({ Filters: [{ Name: 'tag-key', Values: ['cordon:case'] }] }),
  );
  return Snapshots;
}

describe('the compromised-instance workflow, in moto', () => {
  it('contains the instance, and leaves all the rest alone', async () => {
    const invocations = await run('live');
    expect(outcomes(invocations)).toEqual({
      'open-case': 'opened',
      'inspect-instance': 'inspected',
      'start-memory-capture': 'skipped',
      'protect-instance': 'protected',
      'detach-from-auto-scaling': 'detached',
      'isolate-instance': 'isolated',
      'deny-remote-addresses': 'denied',
      'deregister-from-load-balancers': 'deregistered',
      'snapshot-volumes': 'snapshotted',
      'close-case': 'contained',
    });
    const after = await now();
    const { instance, interfaces } = ofInstance(after, world.instanceId);

    // Isolated: every interface in one group, which has no rule.
    const group = after.securityGroups.find(({ groupName }) => groupName === 'cordon-no-rules');
    expect(interfaces).toHaveLength(2);
    expect(interfaces.map(({ groups }) => groups)).toEqual([[group?.groupId], [group?.groupId]]);
    expect(group).toMatchObject({ vpcId: world.vpcId, rules: [] });
    expect(interfaces.map(({ publicIp }) => publicIp)).toEqual(
      ofInstance(before, world.instanceId).interfaces.map(({ publicIp }) => publicIp),
    );

    // Protected.
    expect(instance).toMatchObject({
      state: 'running',
      disableApiTermination: true,
      disableApiStop: true,
      shutdownBehavior: 'stop',
    });
    expect(instance?.blockDevices.map((device) => device.deleteOnTermination)).toEqual([
      false,
      false,
    ]);

    // Out of its group, which has replaced it and is as large as before, and no target any more.
    const [scaled] = after.autoScalingGroups;
    const members = scaled?.instances.map(({ instanceId }) => instanceId);
    expect(scaled).toMatchObject({ minSize: 1, desiredCapacity: 2, maxSize: 3 });
    expect(members).toHaveLength(2);
    expect(members).toContain(world.otherId);
    expect(members).not.toContain(world.instanceId);
    const targets = after.targetGroups.flatMap((each) => each.targets.map(({ id }) => id));
    const own = [world.instanceId, ...interfaces.flatMap((eni) => eni.privateIpAddresses)];
    expect(targets.filter((id) => own.includes(id))).toEqual([]);
    expect(targets).toEqual(
      expect.arrayContaining([
        world.otherId,
        ...ofInstance(before, world.otherId).interfaces.flatMap((eni) => eni.privateIpAddresses),
      ]),
    );
    for (const { instances } of after.classicLoadBalancers) {
      expect(instances).toContain(world.otherId);
      expect(instances).not.toContain(world.instanceId);
    }

    // The address that the finding names, denied both ways in the network ACL of both subnets.
    const denials = after.networkAcls.flatMap(({ entries }) =>
      entries.filter(({ cidrBlock }) => cidrBlock === `${hostile}/32`),
    );
    expect(denials.map(({ egress, ruleAction }) => [egress, ruleAction]).sort()).toEqual([
      [false, 'deny'],
      [true, 'deny'],
    ]);

    // One snapshot of each volume, which can be traced to the case.
    const { ref } = opening.parse(invocations[0]?.result);
    const taken = await snapshots();
    expect(taken.map(({ VolumeId }) => VolumeId).sort()).toEqual(
      instance?.blockDevices.map(({ volumeId }) => volumeId as string).sort(),
    );
    for (const { Tags } of taken) {
      expect(Tags).toContainEqual({ Key: 'cordon:case', Value: ref.caseId });
    }

    // The other instance, and the groups that were there before, are as they were.
    expect(ofInstance(after, world.otherId)).toEqual(ofInstance(before, world.otherId));
    expect(after.securityGroups.filter((each) => each !== group)).toEqual(before.securityGroups);
    expect(after.vpcs).toEqual(before.vpcs);
    expect(after.subnets).toEqual(before.subnets);
    expect(after.addresses).toEqual(before.addresses);

    // The record knows what was before, and a human was told.
    const { cases } = wire().home;
    expect(await cases.status(ref.caseId)).toBe('contained');
    const groupsBefore = (await cases.before(ref.caseId, 'isolate-instance')).filter(
      ({ resource }) => resource.includes('eni-'),
    );
    expect(JSON.stringify(groupsBefore)).toContain(world.groups.web);
    expect(JSON.stringify(groupsBefore)).toContain(world.groups.peer);
    expect(messages.map(({ content }) => content.title)).toEqual([
      `Contained: ${world.instanceId}`,
    ]);
  });

  it('captures no memory, since moto has no SSM agents', async () => {
    const invocations = await run('live');
    const memory = invocations.find(({ step }) => step === 'start-memory-capture');
    expect(memory?.result).toMatchObject({ outcome: 'skipped', reason: 'agent-not-online' });
  });

  it('changes nothing in a dry run, and would send what a live run sends', async () => {
    const dry = await run('dry-run');
    expect(outcomes(dry)).toMatchObject({
      'protect-instance': 'would-be-protected',
      'isolate-instance': 'would-be-isolated',
      'close-case': 'would-be-contained',
    });
    expect(await now()).toEqual(before);
    expect(await snapshots()).toEqual([]);
    expect(writes(dry, 'sent')).toEqual([]);

    // The dry run's case holds nothing off.
    const live = await run('live');
    const only = writes(dry, 'withheld');
    for (const write of writes(live, 'sent')) {
      expect(only).toContain(write);
      only.splice(only.indexOf(write), 1);
    }
    // Leaving its Auto Scaling group takes an instance out of the group's own load balancer. One
    // that only would have left is still in it.
    expect(only).toEqual([
      'deregister-from-load-balancers elasticloadbalancing:DeregisterInstancesFromLoadBalancer',
    ]);
  });

  it('gives back what it changed, from the record', async () => {
    const { ref } = opening.parse((await run('live'))[0]?.result);
    const outcomesOf = async <In, Out extends Result, Clients extends AwsClients, Before>(
      step: Step<In, Out, Clients, Before>,
    ) => {
      const context = contextOf(step.name, ref, wire());
      const found = [];
      for (const { resource, state } of await wire().home.cases.before(ref.caseId, step.name)) {
        const aws = step.connect(await wire().connection(ref, 'live', step.name));
        const { outcome } = await runUndo(step, state, aws, { mode: 'live', context, journal: [] });
        found.push([resource, outcome]);
      }
      return found;
    };
    const undone = [...(await outcomesOf(isolateInstance)), ...(await outcomesOf(protectInstance))];
    // The rules of its groups were recorded too, and nobody has changed them.
    const { web, peer } = world.groups;
    for (const [resource, outcome] of undone) {
      const unchanged = [web, peer].some((group) => resource?.includes(group));
      expect(outcome).toBe(unchanged ? 'already-restored' : 'restored');
    }
    const is = ofInstance(await now(), world.instanceId);
    const was = ofInstance(before, world.instanceId);
    expect(is.interfaces).toEqual(was.interfaces);
    // The tag of its Auto Scaling group went with its membership, which is given back when named.
    expect({ ...is.instance, tags: {} }).toEqual({ ...was.instance, tags: {} });
  });

  it('cuts off first when it is asked to', async () => {
    const invocations = await run('live', { priority: 'containment-first' });
    expect(outcomes(invocations)).toMatchObject({ 'close-case': 'contained' });
    // Into the group without rules, it is the only cut that is needed.
    expect(invocations.filter(({ step }) => step === 'isolate-instance')).toEqual([
      expect.objectContaining({
        outcome: 'isolated',
        result: expect.objectContaining({ group: 'no-rules', reason: 'no-endpoint' }),
      }),
    ]);
    const { interfaces } = ofInstance(await now(), world.instanceId);
    expect(new Set(interfaces.flatMap(({ groups }) => groups)).size).toBe(1);
  });

  it('answers a finding once, and finds the work of an earlier case done', async () => {
    await run('live');
    const once = await now();
    const repeated = await run('live', { id: 'f1d1d1d1' });
    expect(outcomes(repeated)).toEqual({ 'open-case': 'declined' });
    expect(await now()).toEqual(once);

    const again = await run('live', { id: 'f2d2d2d2' });
    expect(outcomes(again)).toMatchObject({
      'protect-instance': 'already-protected',
      'detach-from-auto-scaling': 'not-in-group',
      'isolate-instance': 'already-isolated',
      'deregister-from-load-balancers': 'not-registered',
      'close-case': 'contained',
    });
    expect(await now()).toEqual(once);
  });
});

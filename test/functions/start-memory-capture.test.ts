import { truncateSync } from 'node:fs';
import { EC2ServiceException } from '@aws-sdk/client-ec2';
import { InvalidDocument, InvalidDocumentVersion, InvalidInstanceId } from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { captureDocument } from '../../functions/start-memory-capture/capture-document.ts';
import { startMemoryCapture } from '../../functions/start-memory-capture/handler.ts';
import { calls, rehearsalOf } from '../rehearsal.ts';
import { commandOf } from './capture-command.ts';
import { StandInHost, sha256 } from './stand-in-host.ts';

const instanceId = 'i-0aaaaaaaaaaaaaaa1';
const input = { instanceId, memory: 'capture', isolation: 'none' };

/** A stand-in tool whose image is as large as the memory of an m5.large, and takes no room. */
const avml = '#!/bin/bash\n[ "$1" = --help ] || truncate --size=8G "$1"\n';
const linux = {
  platform: 'linux' as const,
  architecture: 'x86_64' as const,
  bucket: 'tools',
  key: "the responder's/avml",
  sha256: sha256(avml),
};
const windows = { ...linux, platform: 'windows' as const, key: 'winpmem.exe' };
const settings = { memory: { tools: [windows, linux] } };

type State = Parameters<typeof rehearsalOf>[0];
type Options = NonNullable<Parameters<typeof rehearsalOf>[1]>;

/** The instance with its root volume, and beside it another one with an agent that is online. */
const stateWith = (differs: object = {}, more: Partial<State> = {}): State => ({
  vpcs: [{ vpcId: 'vpc-0ccccccccccccccc1' }],
  subnets: [
    {
      subnetId: 'subnet-0ddddddddddddddd1',
      vpcId: 'vpc-0ccccccccccccccc1',
      availabilityZone: 'eu-west-1b',
    },
  ],
  networkInterfaces: [
    {
      networkInterfaceId: 'eni-0fffffffffffffff1',
      subnetId: 'subnet-0ddddddddddddddd1',
      attachment: { instanceId },
    },
  ],
  instances: [
    {
      instanceId,
      blockDevices: [{ deviceName: '/dev/xvda', volumeId: 'vol-0bbbbbbbbbbbbbbb1' }],
      ...differs,
    },
    { instanceId: 'i-0aaaaaaaaaaaaaaa2', subnetId: 'subnet-0ddddddddddddddd1' },
  ],
  ssm: { managedInstances: [{ instanceId: 'i-0aaaaaaaaaaaaaaa2' }, { instanceId }] },
  ...more,
});

const rehearse = (state = stateWith(), options: Options = {}) =>
  rehearsalOf(state, { settings, ...options });

type Sent = { DocumentName: string; Parameters: Record<string, string[]> };

const prodLinux = 'cordon-prod-capture-memory-linux';

const refusal = (name: string) =>
  new EC2ServiceException({
    name,
    message: name,
    $fault: 'client',
    $metadata: { httpStatusCode: 400 },
  });
const lost = Object.assign(new Error('socket hang up'), { name: 'TimeoutError' });

const sentWhenStarted = [
  'ec2:DescribeInstances',
  'ssm:DescribeInstanceInformation',
  'ec2:DescribeInstanceTypes',
  'ssm:GetDocument',
  'ec2:CreateVolume',
  'ec2:DescribeVolumes',
  'ec2:AttachVolume',
  'ssm:SendCommand',
];

describe('start-memory-capture', () => {
  it("has the agent write memory to a fresh encrypted volume in the instance's zone", async () => {
    const rehearsal = await rehearse();
    const { result, journal } = await rehearsal.run(startMemoryCapture, input);
    const { caseId } = await rehearsal.open('live');
    const command = rehearsal.account.state.ssm.commands[0];
    const volume = rehearsal.account.state.volumes.find(({ tags }) => tags['cordon:role']);

    expect(result).toEqual({
      outcome: 'started',
      reason: null,
      commandId: command?.commandId,
      volumeId: volume?.volumeId,
      pollsLeft: 15,
      estimatedSeconds: 66,
    });
    expect(calls(journal)).toEqual(sentWhenStarted.map((call) => `${call} sent`));
    expect(journal[4]?.input).toEqual({
      AvailabilityZone: 'eu-west-1b',
      Size: 15,
      VolumeType: 'gp3',
      Throughput: 125,
      Iops: 3000,
      Encrypted: true,
      ClientToken: expect.stringMatching(/^[0-9a-f]{32}$/),
      TagSpecifications: [
        {
          ResourceType: 'volume',
          Tags: [
            { Key: 'Name', Value: `memory of ${instanceId}` },
            { Key: 'cordon:case', Value: caseId },
            { Key: 'cordon:instance', Value: instanceId },
            { Key: 'cordon:role', Value: 'memory' },
          ],
        },
      ],
    });
    expect(journal[6]?.input).toEqual({
      VolumeId: volume?.volumeId,
      InstanceId: instanceId,
      Device: '/dev/sdf',
    });
    expect(journal[3]?.input).toEqual({ Name: prodLinux, DocumentFormat: 'JSON' });
    expect(journal[7]?.input).toEqual({
      DocumentName: prodLinux,
      DocumentVersion: '1',
      InstanceIds: [instanceId],
      Comment: `cordon ${caseId} memory`,
      TimeoutSeconds: 150,
      Parameters: {
        CaseId: [caseId],
        VolumeId: [volume?.volumeId],
        VolumeBytes: ['16106127360'],
        DeviceName: ['/dev/sdf'],
        ToolUrl: ['https://tools.s3.eu-west-1.amazonaws.com/the%20responder%27s/avml?[redacted]'],
        ToolSha256: [linux.sha256],
        LeastBytes: ['7730941132'],
        executionTimeout: ['900'],
      },
    });
    expect(volume).toMatchObject({ encrypted: true, state: 'in-use' });
  });

  it('sends a document that captures memory as it stands', async () => {
    // The link is redacted wherever the command can be read afterwards, so it is read on its way.
    let parameters: Sent['Parameters'] = {};
    const rehearsal = await rehearse(stateWith(), {
      fault: (call, sent) => {
        if (call === 'ssm:SendCommand') parameters = (sent as Sent).Parameters;
        return undefined;
      },
    });
    const { result } = await rehearsal.run(startMemoryCapture, input);
    const host = new StandInHost();
    try {
      host.write('command', commandOf(captureDocument('linux'), parameters));
      host.write('disks', `${host.disk} ${result.volumeId.replace('-', '')}\n`);
      host.write('tool', avml);
      truncateSync(host.disk, 15 * 1024 ** 3);
      expect(await host.run(host.path('command'))).toEqual({
        code: 0,
        stdout: 'cordon: captured 8589934592 bytes\n',
        stderr: '',
      });
      expect(host.read('curl-config')).toMatch(
        /^url = "https:\/\/tools\.s3\.eu-west-1\.amazonaws\.com\/the%20responder%27s\/avml\?.*X-Amz-Date=20260301T040506Z&X-Amz-Expires=300&.*X-Amz-Signature=.*"\n$/,
      );
      expect(host.elsewhere()).toEqual([]);
    } finally {
      host.remove();
    }
  });

  it('keeps the link to the tool out of the journal, the case and the result', async () => {
    const rehearsal = await rehearse();
    const { result, journal } = await rehearsal.run(startMemoryCapture, input);
    expect(JSON.stringify(journal)).toContain(
      '"https://tools.s3.eu-west-1.amazonaws.com/the%20responder%27s/avml?[redacted]"',
    );
    expect(JSON.stringify([result, journal, rehearsal.table.items()])).not.toContain('X-Amz');
  });

  it('has WinPmem run by PowerShell on Windows', async () => {
    const rehearsal = await rehearse(
      stateWith({ platform: 'windows', rootDeviceName: '/dev/sda1' }),
    );
    const { result, journal } = await rehearsal.run(startMemoryCapture, input);
    expect(result.outcome).toBe('started');
    expect(journal[6]?.input).toMatchObject({ Device: 'xvdf' });
    const sent = journal[7]?.input as Sent;
    expect(sent.DocumentName).toBe('cordon-prod-capture-memory-windows');
    const text = commandOf(captureDocument('windows'), sent.Parameters);
    expect(text.split('\n').slice(0, 8)).toEqual([
      expect.stringMatching(/^\$CaseId = 'case-[0-9a-f]{10}'$/),
      `$VolumeId = '${result.volumeId}'`,
      "$VolumeBytes = '16106127360'",
      "$DeviceName = 'xvdf'",
      "$ToolUrl = 'https://tools.s3.eu-west-1.amazonaws.com/winpmem.exe?[redacted]'",
      `$ToolSha256 = '${windows.sha256}'`,
      "$LeastBytes = '7730941132'",
      expect.stringMatching(/^# Writes an image/),
    ]);
  });

  it.each([
    ['t3.nano', { Size: 8, Throughput: 125, Iops: 3000 }, 5],
    ['r5.4xlarge', { Size: 137, Throughput: 292, Iops: 3000 }, 449],
    ['r5.24xlarge', { Size: 790, Throughput: 1000, Iops: 4000 }, 787],
  ])(
    'sizes the volume of a %s for its highest physical address',
    async (instanceType, size, seconds) => {
      const rehearsal = await rehearse(stateWith({ instanceType }));
      const { result, journal } = await rehearsal.run(startMemoryCapture, input);
      expect(journal[4]?.input).toMatchObject(size);
      expect(result.estimatedSeconds).toBe(seconds);
    },
  );

  it('takes the first device whose letter is free under any of its names', async () => {
    const blockDevices = ['/dev/sda1', '/dev/xvdf', 'xvdg', '/dev/sdh'].map((deviceName, n) => ({
      deviceName,
      volumeId: `vol-0bbbbbbbbbbbbbbb${n}`,
    }));
    const rehearsal = await rehearse(stateWith({ blockDevices }));
    const { journal } = await rehearsal.run(startMemoryCapture, input);
    expect(journal[6]?.input).toMatchObject({ Device: '/dev/sdi' });
  });

  it('counts the looks that fit into the time box', async () => {
    const rehearsal = await rehearse(stateWith(), {
      settings: { memory: { ...settings.memory, timeBoxSeconds: 200, pollSeconds: 90 } },
    });
    const { result, journal } = await rehearsal.run(startMemoryCapture, input);
    expect(result.pollsLeft).toBe(3);
    expect(journal[7]?.input).toMatchObject({ Parameters: { executionTimeout: ['200'] } });
  });

  describe('in a dry run', () => {
    it('withholds what it would make', async () => {
      const rehearsal = await rehearse();
      const before = structuredClone(rehearsal.account.state);
      const { result, journal } = await rehearsal.run(startMemoryCapture, input, 'dry-run');
      expect(result.outcome).toBe('started');
      expect(calls(journal)).toEqual(sentWhenStarted.map(withheldIfWrite));
      expect(rehearsal.account.state).toEqual(before);
    });

    it('withholds it too when the mode is missing', async () => {
      const rehearsal = await rehearse();
      const before = structuredClone(rehearsal.account.state);
      const { journal } = await rehearsal.run(startMemoryCapture, input, 'dry-run', {
        mode: undefined,
      });
      expect(calls(journal)).toEqual(sentWhenStarted.map(withheldIfWrite));
      expect(rehearsal.account.state).toEqual(before);
    });

    it('runs to its end on stand-ins, and says what would be', async () => {
      const rehearsal = await rehearse(stateWith(), { dryRun: 'stand-ins' });
      const { result, journal } = await rehearsal.run(startMemoryCapture, input, 'dry-run');
      expect(result).toMatchObject({
        outcome: 'would-be-started',
        volumeId: expect.stringMatching(/^vol-0{12}[0-9a-f]{5}$/),
        commandId: expect.stringMatching(/^command-0{12}[0-9a-f]{5}$/),
      });
      expect(calls(journal)).toEqual(
        sentWhenStarted.map((call) =>
          call === 'ec2:DescribeVolumes' ? `${call} assumed` : withheldIfWrite(call),
        ),
      );
    });
  });

  describe('skips at once, making nothing', () => {
    const reads = sentWhenStarted.slice(0, 2);
    const volumes = (names: string[]) =>
      names.map((deviceName, n) => ({
        deviceName,
        volumeId: `vol-0bbbbbbbbbbbbb${String(n).padStart(3, '0')}`,
      }));
    const letters = [...'fghijklmnop'].map((letter) => `/dev/sd${letter}`);
    const cases: [string, object, State, string[], object?][] = [
      ['told-to-skip', { memory: 'skip' }, stateWith(), []],
      ['no-endpoint', { isolation: 'no-rules' }, stateWith(), []],
      ['cut-failed', { isolation: 'failed' }, stateWith(), []],
      ['no-tool', {}, stateWith(), [], { memory: {} }],
      ['no-tool', {}, stateWith(), reads, { memory: { tools: [windows] } }],
      [
        'no-tool-for-architecture',
        {},
        stateWith({ instanceType: 'm6g.large', architecture: 'arm64' }),
        reads,
      ],
      [
        'agent-not-online',
        {},
        stateWith({}, { ssm: { managedInstances: [{ instanceId: 'i-0aaaaaaaaaaaaaaa2' }] } }),
        reads,
      ],
      [
        'agent-not-online',
        {},
        stateWith(
          {},
          { ssm: { managedInstances: [{ instanceId, pingStatus: 'ConnectionLost' }] } },
        ),
        reads,
      ],
      ['instance-gone', {}, stateWith({ state: 'terminated' }), reads],
      ['instance-gone', {}, stateWith({ state: 'shutting-down' }), reads],
      ['instance-gone', { instanceId: 'i-0aaaaaaaaaaaaaaa9' }, stateWith(), reads],
      ['not-running', {}, stateWith({ state: 'stopped' }), reads],
      [
        'attachment-limit',
        {},
        stateWith({
          blockDevices: volumes(
            [...'abcdefghijklmnopqrstuvwxyz']
              .map((c) => `/dev/sd${c}`)
              .concat('/dev/sdaa', '/dev/sdab'),
          ),
        }),
        sentWhenStarted.slice(0, 4),
      ],
      [
        'no-device-name',
        {},
        stateWith({ blockDevices: volumes(['/dev/xvda', ...letters]) }),
        sentWhenStarted.slice(0, 4),
      ],
      [
        'no-path-to-bucket',
        { isolation: 'ssm-only' },
        stateWith({}, { vpcEndpoints: endpoints('Gateway', 'ec2') }),
        [...sentWhenStarted.slice(0, 4), 'ec2:DescribeVpcEndpoints'],
      ],
      ['no-document', {}, withDocuments(), sentWhenStarted.slice(0, 4)],
      [
        'no-document',
        {},
        withDocuments({ name: 'cordon-test-capture-memory-linux' }),
        sentWhenStarted.slice(0, 4),
      ],
      [
        'document-altered',
        {},
        withDocuments({ name: prodLinux, content: JSON.stringify(captureDocument('windows')) }),
        sentWhenStarted.slice(0, 4),
      ],
      [
        'document-altered',
        {},
        withDocuments({ name: prodLinux, content: 'schemaVersion: "2.2"' }),
        sentWhenStarted.slice(0, 4),
      ],
    ];
    it.each(cases)('%s (%#)', async (reason, differs, state, expected, configured = settings) => {
      const rehearsal = await rehearse(state, { settings: configured });
      const before = structuredClone(rehearsal.account.state);
      const { result, journal } = await rehearsal.run(startMemoryCapture, { ...input, ...differs });
      expect(result).toEqual({
        outcome: 'skipped',
        reason,
        commandId: null,
        volumeId: null,
        pollsLeft: 0,
        estimatedSeconds: 0,
      });
      expect(calls(journal)).toEqual(expected.map((call) => `${call} sent`));
      expect(rehearsal.account.state).toEqual(before);
    });
  });

  it('goes on behind the ssm-only group where an endpoint leads to the bucket', async () => {
    const rehearsal = await rehearse(
      stateWith({}, { vpcEndpoints: endpoints('Gateway', 'Interface') }),
    );
    const { result } = await rehearsal.run(startMemoryCapture, { ...input, isolation: 'ssm-only' });
    expect(result.outcome).toBe('started');
  });

  it.each([
    ['a line in its script', (text: string) => text.replace('check_parameters\\n', 'id >/x\\n$&')],
    ['a looser pattern', (text: string) => text.replace('^[0-9a-f]{64}$', '.*')],
    [
      'a further step',
      (text: string) => text.replace('}]}', '},{"action":"aws:runShellScript"}]}'),
    ],
    ['a further member', (text: string) => text.replace('{', '{"variables":{},')],
  ])('sends nothing by a document that has been altered by %s', async (_what, alter) => {
    const content = JSON.stringify(captureDocument('linux'));
    expect(alter(content)).not.toBe(content);
    const rehearsal = await rehearse(withDocuments({ name: prodLinux, content: alter(content) }));
    const { result } = await rehearsal.run(startMemoryCapture, input);
    expect(result).toMatchObject({ outcome: 'skipped', reason: 'document-altered' });
    expect(rehearsal.account.state.ssm.commands).toEqual([]);
    expect(rehearsal.account.state.volumes).toHaveLength(1);
  });

  it('sends the version that it has read, however its members are ordered', async () => {
    const { schemaVersion, ...others } = captureDocument('linux');
    const content = JSON.stringify({ ...others, schemaVersion }, null, 2);
    const rehearsal = await rehearse(withDocuments({ name: prodLinux, version: '7', content }));
    const { result, journal } = await rehearsal.run(startMemoryCapture, input);
    expect(result.outcome).toBe('started');
    expect(journal.at(-1)?.input).toMatchObject({ DocumentName: prodLinux, DocumentVersion: '7' });
  });

  it("sends the documents of its own deployment's stage", async () => {
    const name = 'cordon-test-capture-memory-linux';
    const rehearsal = await rehearse(withDocuments({ name }, { name: prodLinux }), {
      settings: { ...settings, stage: 'test' },
    });
    const { journal } = await rehearsal.run(startMemoryCapture, input);
    expect(journal.at(-1)?.input).toMatchObject({ DocumentName: name });
  });

  it.each([InvalidDocument, InvalidDocumentVersion])(
    'skips when the document it has read is gone by then: %s',
    async (Refused) => {
      const error = new Refused({ message: 'gone', $metadata: {} });
      const rehearsal = await rehearse(stateWith(), {
        fault: (call) => (call === 'ssm:SendCommand' ? { when: 'before', error } : undefined),
      });
      const { result } = await rehearsal.run(startMemoryCapture, input);
      expect(result).toMatchObject({ outcome: 'skipped', reason: 'no-document' });
    },
  );

  describe('skips over a volume that it cannot use', () => {
    it('because KMS refused the key, which shows on a later look', async () => {
      const rehearsal = await rehearse(stateWith({}, { kmsKeys: ['alias/other'] }), {
        settings: { memory: { ...settings.memory, kmsKeyId: 'alias/evidence' } },
      });
      const { result, journal } = await rehearsal.run(startMemoryCapture, input);
      expect(result).toMatchObject({ outcome: 'skipped', reason: 'key-refused', volumeId: null });
      expect(journal[4]?.input).toMatchObject({ KmsKeyId: 'alias/evidence' });
      expect(calls(journal)).toEqual(sentWhenStarted.slice(0, 6).map((call) => `${call} sent`));
    });

    it('takes the key of the Region before the one for all', async () => {
      const volumeKeys = { 'eu-west-1': 'alias/evidence-here', 'us-east-1': 'alias/elsewhere' };
      const memory = { ...settings.memory, kmsKeyId: 'alias/evidence', volumeKeys };
      const rehearsal = await rehearse(stateWith(), { settings: { memory } });
      const { journal } = await rehearsal.run(startMemoryCapture, input);
      expect(journal[4]?.input).toMatchObject({ KmsKeyId: 'alias/evidence-here' });
    });

    it.each([
      ['CustomerKeyHasBeenRevoked', 'key-refused'],
      ['AttachmentLimitExceeded', 'attachment-limit'],
    ])('because attaching it met %s', async (name, reason) => {
      const rehearsal = await rehearse(stateWith(), {
        fault: (call) =>
          call === 'ec2:AttachVolume' ? { when: 'before', error: refusal(name) } : undefined,
      });
      const { result, journal } = await rehearsal.run(startMemoryCapture, input);
      expect(result).toMatchObject({ outcome: 'skipped', reason });
      expect(calls(journal)).toEqual(sentWhenStarted.slice(0, 7).map((call) => `${call} sent`));
    });

    it('because the agent went away meanwhile', async () => {
      const error = new InvalidInstanceId({ message: 'not in a valid state', $metadata: {} });
      const rehearsal = await rehearse(stateWith(), {
        fault: (call) => (call === 'ssm:SendCommand' ? { when: 'before', error } : undefined),
      });
      const { result } = await rehearsal.run(startMemoryCapture, input);
      expect(result).toMatchObject({ outcome: 'skipped', reason: 'agent-not-online' });
    });
  });

  describe('with a volume that takes its time', () => {
    afterEach(() => vi.useRealTimers());

    const afterLooks = async (unseen: number) => {
      vi.useFakeTimers({ toFake: ['setTimeout'] });
      let looks = 0;
      const rehearsal = await rehearse(stateWith(), {
        fault: (call) =>
          call === 'ec2:DescribeVolumes' && ++looks <= unseen
            ? { when: 'before', error: refusal('InvalidVolume.NotFound') }
            : undefined,
      });
      const ran = rehearsal.run(startMemoryCapture, input);
      await vi.advanceTimersByTimeAsync(60_000);
      return { ...(await ran), looks };
    };

    it('looks again until EC2 shows it', async () => {
      const { result, looks } = await afterLooks(2);
      expect(result.outcome).toBe('started');
      expect(looks).toBe(3);
    });

    it('takes one that never shows for a refused key, after a bounded number of looks', async () => {
      const { result, looks } = await afterLooks(Number.POSITIVE_INFINITY);
      expect(result).toMatchObject({ outcome: 'skipped', reason: 'key-refused' });
      expect(looks).toBe(20);
    });
  });

  it('does not go on with a volume that is still being created, after as many looks', async () => {
    const earlier = await rehearse();
    await earlier.run(startMemoryCapture, input);
    const volume = earlier.account.state.volumes.find(({ tags }) => tags['cordon:role']);
    const creating = { ...volume, volumeId: String(volume?.volumeId), state: 'creating' as const };

    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const rehearsal = await rehearse(stateWith({}, { volumes: [creating] }));
    const ran = rehearsal.run(startMemoryCapture, input);
    await vi.advanceTimersByTimeAsync(60_000);
    vi.useRealTimers();
    const { error, journal } = await ran;
    expect(error?.name).toBe('NotProvenError');
    expect(journal.filter(({ call }) => call === 'ec2:DescribeVolumes')).toHaveLength(20);
  });

  describe('run again', () => {
    const again = sentWhenStarted.toSpliced(6, 2, 'ssm:ListCommands');

    it('finds its own volume and command, and makes no more', async () => {
      const rehearsal = await rehearse();
      const first = await rehearsal.run(startMemoryCapture, input);
      const second = await rehearsal.run(startMemoryCapture, input);
      expect(second.result).toEqual(first.result);
      expect(calls(second.journal)).toEqual(again.map((call) => `${call} sent`));
      expect(rehearsal.account.state.ssm.commands).toHaveLength(1);
      expect(rehearsal.account.state.volumes).toHaveLength(2);
    });

    it('finds the command whose answer was lost, among others of the instance', async () => {
      let faults = 0;
      const rehearsal = await rehearse(stateWith({}, { ssm: withOtherCommands }), {
        fault: (call) =>
          call === 'ssm:SendCommand' && faults++ === 0 ? { when: 'after', error: lost } : undefined,
      });
      const first = await rehearsal.run(startMemoryCapture, input);
      expect(first.error).toBe(lost);
      expect(first.journal.filter(({ call }) => call === 'ssm:SendCommand')).toHaveLength(1);

      const { result, journal } = await rehearsal.run(startMemoryCapture, input);
      const { commands } = rehearsal.account.state.ssm;
      expect(commands).toHaveLength(2);
      expect(result).toMatchObject({ outcome: 'started', commandId: commands.at(-1)?.commandId });
      expect(calls(journal)).toEqual(again.map((call) => `${call} sent`));
    });

    it('goes on with the capture that was begun before the instance was cut off', async () => {
      const rehearsal = await rehearse();
      const first = await rehearsal.run(startMemoryCapture, input);

      const cutOff = { ...input, isolation: 'no-rules' };
      const { result, journal } = await rehearsal.run(startMemoryCapture, cutOff);

      const { commandId, volumeId } = first.result;
      expect(result).toMatchObject({ outcome: 'started', commandId, volumeId });
      expect(calls(journal)).toEqual(['ssm:ListCommands sent']);
    });

    it('tells the capture the device that the lost attempt attached the volume by', async () => {
      let faults = 0;
      const { run, account } = await rehearse(stateWith(), {
        fault: (call) =>
          call === 'ssm:SendCommand' && faults++ === 0
            ? { when: 'before', error: lost }
            : undefined,
      });
      await run(startMemoryCapture, input);
      const { result } = await run(startMemoryCapture, input);

      const { instances = [], ssm } = account.state;
      const device = instances
        .flatMap(({ blockDevices }) => blockDevices)
        .find(({ volumeId }) => volumeId === result.volumeId)?.deviceName;
      expect(device).toBeDefined();
      expect(ssm.commands.at(-1)?.parameters.DeviceName).toEqual([device]);
    });

    it('sends the command when the lost attempt never reached SSM', async () => {
      let faults = 0;
      const rehearsal = await rehearse(stateWith({}, { ssm: withOtherCommands }), {
        fault: (call) =>
          call === 'ssm:SendCommand' && faults++ === 0
            ? { when: 'before', error: lost }
            : undefined,
      });
      await rehearsal.run(startMemoryCapture, input);
      const { result, journal } = await rehearsal.run(startMemoryCapture, input);
      expect(result.outcome).toBe('started');
      expect(calls(journal).slice(-2)).toEqual(['ssm:ListCommands sent', 'ssm:SendCommand sent']);
      expect(rehearsal.account.state.ssm.commands).toHaveLength(2);
    });

    it('goes by the oldest where lost attempts sent several', async () => {
      const { caseId } = await (await rehearse()).open('live');
      const sentAt = (n: number, requestedAt: string) => ({
        commandId: `${n}2222222-2222-4222-8222-222222222222`,
        documentName: prodLinux,
        comment: `cordon ${caseId} memory`,
        requestedAt,
        invocations: [{ instanceId }],
      });
      let faults = 0;
      const commands = [sentAt(1, '2026-03-01T04:00:02Z'), sentAt(2, '2026-03-01T04:00:01Z')];
      const ssm = { managedInstances: [{ instanceId }], commands };
      const rehearsal = await rehearse(stateWith({}, { ssm }), {
        fault: (call) =>
          call === 'ssm:SendCommand' && faults++ === 0
            ? { when: 'before', error: lost }
            : undefined,
      });
      await rehearsal.run(startMemoryCapture, input);
      const { result } = await rehearsal.run(startMemoryCapture, input);
      expect(result.commandId).toBe('22222222-2222-4222-8222-222222222222');
    });

    it('finds its volume attached when the answer to that was lost', async () => {
      let faults = 0;
      const rehearsal = await rehearse(stateWith(), {
        fault: (call) =>
          call === 'ec2:AttachVolume' && faults++ === 0
            ? { when: 'after', error: lost }
            : undefined,
      });
      const { result, journal } = await rehearsal.run(startMemoryCapture, input);
      expect(result.outcome).toBe('started');
      expect(calls(journal)).toEqual(
        sentWhenStarted.toSpliced(7, 0, 'ec2:DescribeVolumes').map((call) => `${call} sent`),
      );
    });

    it('lets VolumeInUse out when another instance has the volume', async () => {
      const rehearsal = await rehearse(stateWith(), {
        fault: (call) =>
          call === 'ec2:AttachVolume'
            ? { when: 'before', error: refusal('VolumeInUse') }
            : undefined,
      });
      const { error } = await rehearsal.run(startMemoryCapture, input);
      expect(error?.name).toBe('VolumeInUse');
    });
  });

  it.each([
    'ec2:DescribeInstances',
    'ssm:DescribeInstanceInformation',
    'ssm:GetDocument',
    'ec2:CreateVolume',
    'ssm:SendCommand',
  ])('lets a refusal of %s out', async (refused) => {
    const rehearsal = await rehearse(stateWith(), {
      fault: (call) =>
        call === refused ? { when: 'before', error: refusal('UnauthorizedOperation') } : undefined,
    });
    const { error, result } = await rehearsal.run(startMemoryCapture, input);
    expect(error?.name).toBe('UnauthorizedOperation');
    expect(result).toBeUndefined();
  });

  it.each([
    [{ ...input, instanceId: 'i-0; reboot' }, '$.input.instanceId'],
    [{ ...input, memory: 'maybe' }, '$.input.memory'],
    [{ ...input, isolation: 'some' }, '$.input.isolation'],
    [{ ...input, force: true }, '$.input'],
    [{}, '$.input.instanceId'],
  ])('refuses %j before it calls AWS', async (bad, path) => {
    const rehearsal = await rehearse();
    const { error, journal } = await rehearsal.run(startMemoryCapture, bad);
    expect(error).toMatchObject({
      name: 'UnusableInputError',
      message: expect.stringContaining(path),
    });
    expect(journal).toEqual([]);
  });
});

const writes = new Set(['ec2:CreateVolume', 'ec2:AttachVolume', 'ssm:SendCommand']);
const withheldIfWrite = (call: string) => `${call} ${writes.has(call) ? 'withheld' : 'sent'}`;

/** S3 endpoints of the types named; `ec2` is one of another service. */
function endpoints(...kinds: string[]) {
  return [
    ...kinds.map((kind, n) => ({
      vpcEndpointId: `vpce-0123456789abcdef${n}`,
      vpcId: 'vpc-0ccccccccccccccc1',
      serviceName: `com.amazonaws.eu-west-1.${kind === 'ec2' ? 'ec2' : 's3'}`,
      type: kind === 'Gateway' ? ('Gateway' as const) : ('Interface' as const),
      privateDnsEnabled: kind !== 'Gateway',
    })),
  ];
}

/** The instance in an account that has these documents and no other of its own. */
function withDocuments(...documents: { name: string; version?: string; content?: string }[]) {
  return stateWith({}, { ssm: { managedInstances: [{ instanceId }], documents } });
}

const withOtherCommands: NonNullable<State['ssm']> = {
  managedInstances: [{ instanceId }],
  commands: [
    {
      commandId: '11111111-1111-4111-8111-111111111111',
      documentName: prodLinux,
      comment: 'cordon case-9999999999 memory',
      invocations: [{ instanceId }],
    },
  ],
};

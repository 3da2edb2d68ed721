import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exitCodes } from '../../functions/check-memory-capture/exit-codes.ts';
import { runProgram } from './run-program.ts';
import { link, StandInHost, sha256, tool } from './stand-in-host.ts';

const beside = (name: string) =>
  fileURLToPath(new URL(`../../functions/start-memory-capture/${name}`, import.meta.url));
const script = beside('capture-linux.sh');

type Differs = Parameters<StandInHost['values']>[0];

describe('the Linux capture script', () => {
  let host: StandInHost;
  beforeEach(() => {
    host = new StandInHost();
  });
  afterEach(() => host.remove());

  /** By the text that its document comes to once SSM has filled the parameters in. */
  const run = (differs: Differs = {}) => host.run(host.command(differs));
  const touched = () => host.calls().filter((call) => /^(mkfs|mount|curl)/.test(call));

  it('formats the disk whose serial is the volume, and leaves image and trailer on it', async () => {
    const ended = await run();
    expect(ended).toMatchObject({
      code: 0,
      stderr: '',
      stdout: 'cordon: captured 2097152 bytes\n',
    });
    expect(host.calls()).toEqual([
      'lsblk --nodeps --noheadings --paths --output NAME,SERIAL',
      `blockdev --getsize64 ${host.disk}`,
      `lsblk --noheadings --output NAME ${host.disk}`,
      `blkid -p ${host.disk}`,
      `wipefs ${host.disk}`,
      `mkfs.ext4 -q -F -m 0 -T largefile4 -E lazy_itable_init=0 -L cordon-memory ${host.disk}`,
      'mktemp -d /run/cordon-XXXXXXXX',
      `mount -t ext4 -o nosuid,nodev,noatime ${host.disk} ${host.path('run/point')}`,
      'curl --disable --config - --proto =https --silent --fail --connect-timeout 20 --max-time 240 --output avml',
      `umount ${host.path('run/point')}`,
    ]);
    expect(host.volume()).toEqual(['avml', 'cordon-capture.json', 'memory.lime', 'tool.log']);
    expect(JSON.parse(host.read('volume/cordon-capture.json'))).toEqual({
      case: 'case-0123456789',
      volume: 'vol-0eeeeeeeeeeeeeee1',
      tool: { name: 'avml', sha256: sha256(tool), exitCode: 0 },
      image: { file: 'memory.lime', bytes: 2097152 },
      startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      endedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
  });

  it('writes nothing outside the volume, whether it ends well or not', async () => {
    await run();
    expect(host.elsewhere()).toEqual([]);
    await run({ ToolSha256: sha256('another tool') });
    expect(host.elsewhere()).toEqual([]);
  });

  it('gives curl the address by standard input, and shows it nowhere', async () => {
    const { stdout, stderr } = await run();
    expect(host.read('curl-config')).toBe(`url = "${link}"\n`);
    const shown = [stdout, stderr, ...host.calls(), host.read('volume/cordon-capture.json')];
    for (const text of shown) expect(text).not.toContain('X-Amz');
  });

  it('keeps the address out of the environment that the tool runs in', async () => {
    host.write('tool', `#!/bin/bash\n[ "$1" = --help ] || { env >"$1"; set >>"$1"; }\n`);
    const { code } = await run({ LeastBytes: '1' });
    expect(code).toBe(0);
    expect(host.read('volume/memory.lime')).not.toContain('X-Amz');
  });

  it('runs a tool that has no subcommands by its file name alone', async () => {
    host.write('tool', `#!/bin/bash\n[ $# -eq 1 ] && head -c 2097152 /dev/zero >"$1"\n`);
    expect(await run()).toMatchObject({ code: 0 });
    expect(host.volume()).toContain('memory.lime');
    expect(host.volume()).not.toContain('acquire');
  });

  it('waits for an attachment that is on its way', async () => {
    host.program('sleep', `printf '%s vol0eeeeeeeeeeeeeee1\\n' "$HOST/nvme1n1" >"$HOST/disks"`);
    host.write('disks', `${host.disk}x vol0eeeeeeeeeeeeeee2\n`);
    expect(await run()).toMatchObject({ code: 0 });
    expect(host.calls().filter((call) => call === 'sleep 1')).toHaveLength(1);
  });

  describe('refuses', () => {
    const refusals: [string, number, () => void, Differs?][] = [
      [
        'when no disk is the volume',
        10,
        () => host.write('disks', '/dev/xvdf vol0eeeeeeeeeeeeeee2\n'),
      ],
      [
        'a disk of another name where none shows a serial',
        10,
        () => host.write('disks', '/dev/xvda\n/dev/xvdg\n'),
      ],
      [
        'a disk of another size, by one byte',
        11,
        () => {},
        { VolumeBytes: String(4 * 1024 ** 2 + 1) },
      ],
      ['a disk with partitions', 12, () => host.write('parts', 'nvme1n1\nnvme1n1p1\n')],
      [
        'a disk that blkid finds a signature on',
        12,
        () => host.write('nvme1n1', 'L'.repeat(4 * 1024 ** 2)),
      ],
      ['a disk that blkid cannot make sense of', 12, () => host.program('blkid', 'exit 8')],
      [
        'a disk that wipefs finds a signature on',
        12,
        () => host.write('signatures', 'DEVICE OFFSET TYPE\n'),
      ],
      [
        'a disk that holds something no tool knows',
        12,
        () => host.write('nvme1n1', `${'\0'.repeat(9999)}x${'\0'.repeat(4 * 1024 ** 2 - 10000)}`),
      ],
    ];
    it.each(refusals)('%s, and formats nothing', async (_what, code, arrange, differs = {}) => {
      arrange();
      const ended = await run(differs);
      expect(ended.code).toBe(code);
      expect(ended.stderr).toMatch(new RegExp(`^cordon: ${exitCodes[code]}: `));
      expect(touched()).toEqual([]);
      expect(host.elsewhere()).toEqual([]);
    });
  });

  describe('refuses what its document would not let through,', () => {
    const values = {
      CASE_ID: 'case-0123456789',
      VOLUME_ID: 'vol-0eeeeeeeeeeeeeee1',
      VOLUME_BYTES: '4194304',
      DEVICE_NAME: '/dev/sdf',
      TOOL_URL: link,
      TOOL_SHA256: sha256(tool),
      LEAST_BYTES: '2097152',
    };
    it.each([
      ['a volume id with a command in it', { VOLUME_ID: 'vol-0$(touch pwned)' }],
      ['a size that is no number', { VOLUME_BYTES: '4M' }],
      ['an empty checksum', { TOOL_SHA256: '' }],
    ])('%s, and formats nothing', async (_what, differs) => {
      const ended = await host.run(script, { ...values, ...differs });
      expect(ended.code).toBe(22);
      expect(ended.stderr).toMatch(/^cordon: wrong-parameters: /);
      expect(touched()).toEqual([]);
      expect(host.elsewhere()).toEqual([]);
    });
  });

  describe('ends with a named reason', () => {
    const full = `#!/bin/bash\n[ "$1" = --help ] || { head -c 9 /dev/zero >"$1"; cat /dev/zero >/dev/full; }\n`;
    const failures: [string, number, () => void, Differs?][] = [
      ['when the disk cannot be formatted', 13, () => host.program('mkfs.ext4', 'exit 1')],
      ['when the volume cannot be mounted', 14, () => host.write('no-mount', '')],
      ['when the tool cannot be fetched', 15, () => host.program('curl', 'exit 22')],
      ['when another tool arrives', 16, () => {}, { ToolSha256: sha256('another tool') }],
      ['when the tool fails', 17, () => host.write('tool', '#!/bin/bash\nexit 3\n')],
      ['when the tool fills the volume', 18, () => host.write('tool', full)],
      [
        'when the tool fails on a volume with no room left',
        18,
        () => {
          host.write('tool', '#!/bin/bash\nexit 1\n');
          host.program('df', 'echo Avail; echo 4096');
        },
      ],
      ['when the image is too small to be one', 19, () => {}, { LeastBytes: '2097153' }],
      ['when the volume cannot be unmounted', 20, () => host.write('busy', '')],
    ];
    it.each(failures)('%s', async (_what, code, arrange, differs = {}) => {
      arrange();
      const ended = await run(differs);
      expect(ended.code).toBe(code);
      expect(ended.stderr).toContain(`cordon: ${exitCodes[code]}: `);
      expect(ended.stderr + ended.stdout).not.toContain('X-Amz');
    });

    it('when the host lacks a program, before it touches the disk', async () => {
      // No PATH but the script's own additions and what stands in: `df` is in neither.
      for (const name of ['cmp', 'sha256sum', 'stat']) host.program(name, ':');
      const ended = await runProgram('/bin/bash', [host.command()], {
        env: { PATH: host.path('bin'), HOST: host.root },
      });
      expect(ended.code).toBe(21);
      expect(ended.stderr).toBe('cordon: command-missing: this host has no df\n');
    });
  });

  it('does not run a tool of another checksum', async () => {
    host.write('tool', '#!/bin/bash\ntouch "$HOST/ran"\n');
    await run({ ToolSha256: sha256('another tool') });
    expect(host.volume()).toEqual(['avml']);
    expect(() => host.read('ran')).toThrow();
  });

  it('leaves a trailer that tells of a tool that failed', async () => {
    host.write('tool', '#!/bin/bash\n[ "$1" = --help ] || { echo half >"$1"; exit 3; }\n');
    await run();
    expect(JSON.parse(host.read('volume/cordon-capture.json'))).toMatchObject({
      tool: { exitCode: 3 },
      image: { bytes: 5 },
    });
  });

  it('unmounts the volume when it is stopped half-way', async () => {
    host.write('tool', '#!/bin/bash\n[ "$1" = --help ] || kill -TERM $PPID\n');
    expect(await run()).toMatchObject({ code: 143 });
    expect(host.calls().at(-1)).toBe(`umount ${host.path('run/point')}`);
    expect(host.elsewhere()).toEqual([]);
  });

  it('takes the disk of the name that was asked for where no disk shows a serial', async () => {
    host.program('blockdev', 'echo 4194304');
    host.program('blkid', 'exit 2');
    host.program('cmp', ':');
    host.write('disks', '/dev/xvda\n/dev/xvdf\n');
    expect(await run()).toMatchObject({ code: 0 });
    expect(host.calls()).toContain('blkid -p /dev/xvdf');
  });
});

describe('the Linux capture script on a loop device', () => {
  /**
   * A loop device, and a root file system that nobody can write to: in a mount namespace of its own
   * the script has /run, which is memory on real hosts too, and the device.
   */
  const inNamespace = async (steps: string, image = tool) => {
    const place = mkdtempSync(join(tmpdir(), 'cordon-loop-'));
    writeFileSync(join(place, 'tool'), image);
    writeFileSync(join(place, 'capture'), commandFor(image, '67108864'));
    writeFileSync(join(place, 'capture-other'), commandFor(image, '1'));
    writeFileSync(
      join(place, 'lsblk'),
      `#!/bin/bash\ncase "$*" in *SERIAL*) echo "$DISK vol0eeeeeeeeeeeeeee1" ;; *) exec /usr/bin/lsblk "$@" ;; esac\n`,
      { mode: 0o755 },
    );
    writeFileSync(join(place, 'curl'), `#!/bin/bash\ncat >/dev/null; cp ${place}/tool avml\n`, {
      mode: 0o755,
    });
    const inside = `
      set -eu
      cd ${place}
      mount -t tmpfs tmpfs /run
      mount -o remount,bind,ro /
      mount --bind ${place} ${place}
      mount -o remount,bind,ro ${place}
      ${steps}`;
    const around = `
      set -eu
      truncate --size=64M ${place}/disk
      export DISK=$(losetup --find --show ${place}/disk)
      trap 'losetup --detach "$DISK"' EXIT
      export PATH=${place}:$PATH
      unshare --mount bash -c "$INSIDE"`;
    try {
      return await runProgram('bash', ['-c', around], { env: { ...process.env, INSIDE: inside } });
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  };

  const commandFor = (image: string, VolumeBytes: string) => {
    const host = new StandInHost();
    host.write('tool', image);
    const text = readFileSync(host.command({ VolumeBytes }), 'utf8');
    host.remove();
    return text;
  };

  /** The report says it, with the reason; what stands in above needs neither. */
  const skipWhereImpossible = async (skip: (condition: boolean, note: string) => void) => {
    const probe = await inNamespace('true');
    skip(probe.code !== 0, `needs root and loop devices: ${probe.stderr}`);
  };

  it('proves itself with a real file system', async ({ skip }) => {
    await skipWhereImpossible(skip);
    const { stdout, stderr } = await inNamespace(`
      say() { echo "$1: $2"; }
      bash capture-other 2>/dev/null || say 'wrong size' $?
      bash capture >/dev/null || say failed $?
      ls /run | grep cordon || true
      mkdir /run/image && mount -o ro "$DISK" /run/image
      ls /run/image | grep -v lost+found
      stat --format=%s /run/image/memory.lime
      umount /run/image && rmdir /run/image
      bash capture 2>/dev/null || say 'second run' $?
      touch /usr/cordon 2>/dev/null || say 'root is read-only' $?`);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual([
      'wrong size: 11',
      'avml',
      'cordon-capture.json',
      'memory.lime',
      'tool.log',
      '2097152',
      'second run: 12',
      'root is read-only: 1',
    ]);
  });

  it('says so when the image does not fit', async ({ skip }) => {
    await skipWhereImpossible(skip);
    const endless = '#!/bin/bash\n[ "$1" = --help ] || cat /dev/zero >"$1"\n';
    const ended = await inNamespace('bash capture || exit $?', endless);
    expect(ended.code).toBe(18);
    expect(ended.stderr).toMatch(/^cordon: volume-full: after \d{8} bytes of memory\n$/);
  });
});

describe('both capture scripts', () => {
  const texts = ['capture-linux.sh', 'capture-windows.ps1'].map(
    (name) => [name, readFileSync(beside(name), 'utf8')] as const,
  );

  it.each(texts)('%s names every exit code, and no other', (_name, text) => {
    const used = [...text.matchAll(/\b[Ff]ail (\d+) '?([a-z-]+)'?/g)].map(([, code, name]) => [
      Number(code),
      name,
    ]);
    expect(new Map(used.sort() as [number, string][])).toEqual(
      new Map(Object.entries(exitCodes).map(([code, name]) => [Number(code), name])),
    );
  });

  it.each(texts)('%s is ASCII, small, and holds nothing that SSM would replace', (_name, text) => {
    expect(text).toMatch(/^[\n -~]*$/);
    expect(text.length).toBeLessThan(16_384);
    expect(text).not.toContain('{{');
  });
});

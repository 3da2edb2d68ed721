import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CaptureValues,
  captureDocument,
} from '../../functions/start-memory-capture/capture-document.ts';
import { commandOf } from './capture-command.ts';
import { runProgram } from './run-program.ts';

/** What is put in place of the programs that touch block devices or the network. */
const programs = {
  lsblk: 'case "$*" in *SERIAL*) cat "$HOST/disks" ;; *) cat "$HOST/parts" ;; esac',
  blockdev: 'stat --format=%s "$2"',
  blkid: '! cmp --silent --bytes=4096 "$2" /dev/zero || exit 2',
  wipefs: 'cat "$HOST/signatures"',
  'mkfs.ext4': ':',
  mount: '[ ! -e "$HOST/no-mount" ]',
  umount: '[ ! -e "$HOST/busy" ] && mv "$1"/* "$HOST/volume"',
  mktemp: 'mkdir "$HOST/run/point" && echo "$HOST/run/point"',
  curl: 'cat >"$HOST/curl-config"; [ -e "$HOST/tool" ] || exit 22; cp "$HOST/tool" avml',
  sleep: ':',
} as const;

/** A stand-in for AVML that writes two MiB, taking a subcommand as newer ones do. */
export const tool = `#!/bin/bash
if [ "$1" = --help ]; then echo 'Commands:'; echo '  acquire  Acquire a memory snapshot'; exit; fi
[ "$1" = acquire ] || exit 2
head -c 2097152 /dev/urandom >"$2"
`;

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const link = `https://tools.s3.eu-west-1.amazonaws.com/avml?X-Amz-Signature=5ec2e7`;

/**
 * A directory that stands for a host: a disk that is a file, a volume that is a directory, and
 * programs that note how they were called. The capture script runs in it for real.
 */
export class StandInHost {
  readonly root = mkdtempSync(join(tmpdir(), 'cordon-host-'));
  readonly disk = join(this.root, 'nvme1n1');

  constructor() {
    for (const name of ['bin', 'run', 'volume', 'home', 'tmp', 'cwd']) mkdirSync(this.path(name));
    for (const [name, body] of Object.entries(programs)) this.program(name, body);
    this.write('disks', `${this.disk}x vol0eeeeeeeeeeeeeee2\n${this.disk} vol0eeeeeeeeeeeeeee1\n`);
    this.write('parts', 'nvme1n1\n');
    this.write('signatures', '');
    this.write('calls', '');
    this.write('nvme1n1', '\0'.repeat(4 * 1024 ** 2));
    this.write('tool', tool);
  }

  path(name: string): string {
    return join(this.root, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text);
  }

  /** Puts a program of this body before the host's own of the same name. */
  program(name: string, body: string): void {
    const text = `#!/bin/bash\necho "${name} $*" >>"$HOST/calls"\n${body}\n`;
    writeFileSync(this.path(`bin/${name}`), text, { mode: 0o755 });
  }

  /** What the script did, program by program. */
  calls(): string[] {
    return readFileSync(this.path('calls'), 'utf8').trim().split('\n');
  }

  /** The files on the volume, once it is unmounted. */
  volume(): string[] {
    return readdirSync(this.path('volume')).sort();
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** What lies where the script must leave nothing: home, temporary directory, working directory, mount points. */
  elsewhere(): string[] {
    return ['home', 'tmp', 'cwd', 'run'].flatMap((name) => readdirSync(this.path(name)));
  }

  /** What a command to this host says, by the parameters of the document. */
  values(differs: Partial<CaptureValues> = {}): CaptureValues {
    return {
      CaseId: 'case-0123456789',
      VolumeId: 'vol-0eeeeeeeeeeeeeee1',
      VolumeBytes: String(4 * 1024 ** 2),
      DeviceName: '/dev/sdf',
      ToolUrl: link,
      ToolSha256: sha256(this.read('tool')),
      LeastBytes: String(2 * 1024 ** 2),
      ...differs,
    };
  }

  /** Where the agent would put the command's script. */
  command(differs: Partial<CaptureValues> = {}): string {
    const lists = Object.entries(this.values(differs)).map(([name, value]) => [name, [value]]);
    this.write('command', commandOf(captureDocument('linux'), Object.fromEntries(lists)));
    return this.path('command');
  }

  /** Runs a script by bash, as the agent does, with nothing in its environment but this. */
  run(script: string, values: Readonly<Record<string, string>> = {}) {
    const env = {
      PATH: `${this.path('bin')}:${process.env.PATH}`,
      HOST: this.root,
      HOME: this.path('home'),
      TMPDIR: this.path('tmp'),
      ...values,
    };
    return runProgram('bash', [script], { cwd: this.path('cwd'), env });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

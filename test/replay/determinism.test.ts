import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import { replayCommand } from '../../replay/command.ts';
import { readCases } from '../../replay/read-case.ts';
import { type ReplayOptions, replayCase } from '../../replay/replay.ts';
import { loadWorkflows } from '../../replay/workflow.ts';
import { oneOfEach } from '../one-of-each.ts';

const events = fileURLToPath(new URL('../../events', import.meta.url));
const cli = fileURLToPath(new URL('../../replay/cli.ts', import.meta.url));

async function printed(...args: string[]): Promise<string> {
  let out = '';
  const print = (text: string) => {
    out += text;
  };
  await replayCommand(args, { print, complain: print, colour: false });
  return out;
}

// Of a live run, in this process and in one of its own; `.ci/run` compares all cases, and dry runs as well.
it('prints the same bytes at another time of day, for another user, whatever the environment', async () => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [cli, '--json', '--mode', 'live', ...oneOfEach.map((name) => join(events, name))],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
      env: {
        TZ: 'Pacific/Auckland',
        HOME: '/nowhere',
        AWS_REGION: 'us-east-1',
        AWS_PROFILE: 'nobody',
        AWS_MAX_ATTEMPTS: '1',
        AWS_RETRY_MODE: 'adaptive',
        AWS_USE_FIPS_ENDPOINT: 'true',
        AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      },
    },
  );

  expect(stderr).toBe('');
  expect(
    stdout ===
      (await printed('--json', '--mode', 'live', ...oneOfEach.map((name) => join(events, name)))),
  ).toBe(true);
}, 60_000);

describe('runs side by side in one process', () => {
  const workflows = loadWorkflows(steps);
  const cases = new Map(readCases(events).map((of) => [basename(of.source), of]));
  const replay = async (name: string, options: Partial<ReplayOptions>) => {
    const of = cases.get(name);
    if (!of) throw new Error(`there is no case ${name}`);
    return (await replayCase(of, { workflows, ...options })).map((each) => each.replay);
  };

  it.each(['command-and-control-from-web-server', 'data-exfiltrated-by-dns'])(
    'a dry and a live one of %s do not touch each other',
    async (name) => {
      const apart = [await replay(name, { mode: 'dry-run' }), await replay(name, { mode: 'live' })];

      const together = await Promise.all([
        replay(name, { mode: 'dry-run' }),
        replay(name, { mode: 'live' }),
      ]);

      expect(together).toEqual(apart);
      const [dry, live] = together.map(([first]) =>
        first?.steps.flatMap(({ calls }) => calls.map(({ disposition }) => disposition)),
      );
      expect(new Set(dry)).toEqual(new Set(['sent', 'withheld']));
      expect(new Set(live)).toEqual(new Set(['sent']));
    },
    60_000,
  );
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const empty = mkdtempSync(join(tmpdir(), 'cordon-no-python-'));
afterAll(() => rmSync(empty, { recursive: true }));

it.each([
  ['cfn-lint', ['infra/lint-templates.ts']],
  ['moto', ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.moto.config.ts']],
])(
  'without Python %s fails in a line that says what is missing',
  (name, args) => {
    const venv = join(empty, name);
    const { status, stderr } = spawnSync(process.execPath, args, {
      cwd: repository,
      encoding: 'utf8',
      env: { ...process.env, PATH: empty, CORDON_CFN_LINT_VENV: venv, CORDON_MOTO_VENV: venv },
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        `^installing ${name} into \\S+\nerror: ${name} needs Python 3\\.10 or newer, and there is no python3 on the PATH: install it .*\n$`,
      ),
    );
  },
  60_000,
);

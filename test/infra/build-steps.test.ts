import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import { isolateInstance } from '../../functions/isolate-instance/handler.ts';
import type { StepHandler } from '../../functions/shared/lambda.ts';
import { type Built, buildSteps, handlerOf } from '../../infra/build-steps.ts';
import { withLiteralKeys } from '../../infra/read-schema-keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-steps-'));
let built: Built;
beforeAll(async () => {
  built = await buildSteps(steps, folder);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

// What the handler reads of a context; without its environment no step gets further.
const lambda = {
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:f',
} as Context;

const load = async (step: (typeof steps)[number]): Promise<StepHandler> => {
  const [file, name] = handlerOf(step).split('.');
  const module = await import(join(folder, `${file}.mjs`));
  return module[String(name)];
};

/** The services whose clients are loaded with a file, before anything in it is called. */
function clientsOf(file: string, known = new Set<string>()): readonly string[] {
  if (known.has(file)) return [];
  known.add(file);
  const text = readFileSync(join(folder, file), 'utf8');
  const found = [...text.matchAll(/serviceId\?\?"([^"]+)"/g)].map(([, service = '']) => service);
  const next = [...text.matchAll(/(?:from|import)"\.\/([^"]+)"/g)].map(([, name = '']) => name);
  return [...found, ...next.flatMap((name) => clientsOf(name, known))];
}

describe('the asset', () => {
  it('holds at most 1.5 MB for all steps together', () => {
    expect(built.bytes).toBeLessThanOrEqual(1_500_000);
  });

  it('exports a handler for every step, that loads as it stands', async () => {
    const kinds = await Promise.all(steps.map(async (step) => typeof (await load(step))));
    expect(new Set(kinds)).toEqual(new Set(['function']));
  }, 30_000);

  it('loads the clients of a step with it, and those of a step it undoes when that is undone', () => {
    expect(clientsOf('isolate-instance.mjs')).toEqual(['EC2']);
    expect(clientsOf('release-change.mjs')).toEqual([]);
  });

  it('loads of the home’s clients the table’s alone before a step asks for another', () => {
    const environment = readdirSync(folder).filter((file) => file.startsWith('environment-'));
    expect(environment.flatMap((file) => clientsOf(file))).toEqual(['DynamoDB']);
    expect(clientsOf('approval-page.mjs').toSorted()).toEqual(['DynamoDB', 'SFN']);
  });

  it('needs no `require`, which an ES module has not', () => {
    for (const file of readdirSync(folder)) {
      expect(readFileSync(join(folder, file), 'utf8'), file).not.toContain('Dynamic require of');
    }
  });

  it('holds the text of the capture scripts, since it has no file of theirs', () => {
    const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    const holding = files.filter((text) => text.includes('find_disk() {'));
    expect(holding).toHaveLength(1);
    expect(holding[0]).toContain('function Find-Disk {');
    expect(holding[0]).not.toContain('capture-linux.sh",import.meta.url');
  });

  it('keeps the names of errors, by which workflows catch them', async () => {
    const handler = await load(isolateInstance);
    const refused = handler({ input: { instanceId: 'no id' } }, lambda);
    await expect(refused).rejects.toMatchObject({ name: 'UnusableInputError' });
  });
});

describe('a schema module', () => {
  const read = (client: string) =>
    readFileSync(
      new URL(
        `../../node_modules/@aws-sdk/client-${client}/dist-es/schemas/schemas_0.js`,
        import.meta.url,
      ),
      'utf8',
    );

  it.each(['ec2', 'iam', 's3'])('of %s keeps every key, written out', (client) => {
    const module = read(client);
    const names = new Map(
      [...module.matchAll(/^const (_\w+) = "(.*)";$/gm)].map(([, name, said]) => [name, said]),
    );
    const keys = [...module.matchAll(/\[(_\w+)\]:/g)].map(([, name]) => names.get(name));
    const literal = withLiteralKeys(module);

    expect(keys.length).toBeGreaterThan(50);
    expect(literal).not.toMatch(/\[_\w+\]:/);
    let at = 0;
    for (const key of keys) {
      at = literal.indexOf(`"${key}":`, at) + 1;
      expect(at, key).toBeGreaterThan(0);
    }
  });

  it('leaves a key alone that is no constant string', () => {
    const module =
      'const _p = "__proto__";\nconst _q = other();\nexport const x = { [_p]: 1, [_q]: 2 };';
    expect(withLiteralKeys(module)).toBe(module);
  });
});

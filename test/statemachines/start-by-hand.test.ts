import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { steps } from '../../functions/index.ts';
import { parseRequest } from '../../functions/shared/parse-finding.ts';
import { accountFromFinding } from '../../replay/account/from-finding.ts';
import { RehearsalAccount } from '../../replay/account/rehearsal-account.ts';
import { CaseTableInMemory } from '../../replay/case-table-in-memory.ts';
import { runFamily } from '../../replay/family.ts';
import { rehearsalSettings } from '../../replay/rehearsal-settings.ts';
import { loadWorkflows, readWorkflows } from '../../replay/workflow.ts';

const workflows = loadWorkflows(steps);
const now = () => new Date('2026-03-01T04:05:06.000Z');

/** The JSON that a playbook's README has people paste. */
function inputsOf(playbook: string): readonly string[] {
  const readme = new URL(`../../statemachines/${playbook}/README.md`, import.meta.url);
  const text = existsSync(readme) ? readFileSync(readme, 'utf8') : '';
  const section = /^## Start it by hand$([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(text)?.[1] ?? '';
  return [...section.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, json = '']) => json.trim());
}

/** Starts the playbook with an input, as the Step Functions console does, in an account that fits. */
async function start(playbook: string, input: object) {
  const workflow = workflows.get(playbook);
  if (!workflow) throw new Error(`there is no workflow for ${playbook}`);
  const own = { account: '111122223333', region: 'eu-west-1' };
  const { finding } = parseRequest(input, { ...own, execution: 'by-hand', now: now() });
  const account = new RehearsalAccount(accountFromFinding(finding), { now });
  // A key is rotated once it is deactivated, and where there is room for a second one.
  for (const user of playbook === 'rotate-access-key' ? account.state.iam.users : []) {
    user.accessKeys = user.accessKeys
      .filter(({ accessKeyId }) => accessKeyId === finding.accessKey?.accessKeyId)
      .map((key) => ({ ...key, status: 'Inactive' as const, lastUsed: undefined }));
  }
  const settings = rehearsalSettings();
  const world = { account, table: new CaseTableInMemory(), running: new Set<string>(), settings };
  return runFamily({ workflow, name: 'by-hand', input, now, ...world }, workflows).ended;
}

// `release` takes a case, which its own tests open first.
const playbooks = [...readWorkflows().keys()].filter((playbook) => playbook !== 'release');

describe.each(playbooks)('the README of %s', (playbook) => {
  const inputs = inputsOf(playbook);

  it('has a dry run to paste, and a live run', () => {
    const modes = inputs.map((input) => JSON.parse(input).mode);
    expect(modes).toContain(undefined);
    expect(modes).toContain('live');
  });

  it.each(inputs)('has an input that works as it stands: %s', async (input) => {
    const asked = JSON.parse(input);
    const { ran, started } = await start(playbook, asked);
    const invocations = [ran, ...started.map((family) => family.ran)].flatMap(({ entered }) =>
      entered.flatMap((state) => state.invocations),
    );
    const writes = invocations.flatMap(({ step, journal }) => {
      const declared = steps.find(({ name }) => name === step)?.writes ?? {};
      return journal.filter(({ call }) => call in declared);
    });
    expect(ran).toMatchObject({ status: 'succeeded' });
    expect(writes.length).toBeGreaterThan(0);
    const disposition = asked.mode === 'live' ? 'sent' : 'withheld';
    expect(new Set(writes.map((call) => call.disposition))).toEqual(new Set([disposition]));
  });
});

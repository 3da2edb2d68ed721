import { expect, it } from 'vitest';
import { everyPlaybookLive, playbookNames } from '../../../functions/shared/playbooks.ts';
import { readWorkflows } from '../../../replay/workflow.ts';

it('lets a deployment decide on every playbook there is', () => {
  expect([...playbookNames].sort()).toEqual([...readWorkflows().keys()].sort());
  expect(Object.keys(everyPlaybookLive).sort()).toEqual([...playbookNames].sort());
});

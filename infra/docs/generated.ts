import { steps } from '../../functions/index.ts';
import { loadWorkflows } from '../../replay/workflow.ts';
import { pictureOfArchitecture } from './architecture.ts';
import { costPage } from './cost.ts';
import { type Incident, incidents } from './incidents.ts';
import { permissionsPage } from './permissions.ts';
import { exampleTemplates, type Template } from './templates.ts';
import { pictureOfWorkflow } from './workflow-picture.ts';

/** What the docs are made from that takes time to find out. */
export interface Facts {
  readonly templates: readonly Template[];
  readonly used: readonly Incident[];
}

export const facts = async (): Promise<Facts> => ({
  templates: await exampleTemplates(),
  used: await incidents(),
});

/** Every file of the docs that is made, by its path in the repository. */
export async function generated({ templates, used }: Facts): Promise<ReadonlyMap<string, string>> {
  const workflows = [...loadWorkflows(steps).values()];
  const pictures = workflows.map(
    async ({ playbook, machine }) =>
      [`docs/workflows/${playbook}.svg`, await pictureOfWorkflow(playbook, machine)] as const,
  );
  return new Map([
    ['docs/architecture.svg', await pictureOfArchitecture(templates)],
    ['docs/cost.md', costPage(templates, used)],
    ['docs/permissions.md', permissionsPage(steps)],
    ...(await Promise.all(pictures)),
  ]);
}

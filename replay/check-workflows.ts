import { steps } from '../functions/index.ts';
import { lintWorkflow } from './lint-workflow.ts';
import { checkLanguage, loadWorkflow, readWorkflows, UnusableWorkflowError } from './workflow.ts';

/** `npm run check:workflows`: a line for each workflow, and beneath it what is wrong with it. */
for (const [playbook, text] of readWorkflows()) {
  const problems = problemsOf(playbook, text);
  console.log(
    problems.length === 0 ? `${playbook}: good` : `${playbook}: ${problems.length} wrong`,
  );
  for (const problem of problems) console.log(`  ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}

function problemsOf(playbook: string, text: string): readonly string[] {
  try {
    const workflow = loadWorkflow(playbook, text, steps);
    checkLanguage(workflow);
    return lintWorkflow(workflow);
  } catch (error) {
    if (error instanceof UnusableWorkflowError) return [error.message];
    throw error;
  }
}

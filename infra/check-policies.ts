import { lintPolicies } from './lint-policies.ts';
import { eachTemplate } from './template-variants.ts';

/** `npm run check:policies`: a line for each template, and beneath it what its policies allow too widely. */
await eachTemplate(async (stacks) => {
  for (const { stackName, template } of stacks) {
    const problems = lintPolicies(template);
    console.log(`${stackName}: ${problems.length === 0 ? 'good' : `${problems.length} wrong`}`);
    for (const problem of problems) console.log(`  ${problem}`);
    if (problems.length > 0) process.exitCode = 1;
  }
});

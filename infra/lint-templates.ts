import { fileURLToPath } from 'node:url';
import { install, NotInstalledError, run } from './python-environment.ts';
import { eachTemplate } from './template-variants.ts';

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const venv = process.env.CORDON_CFN_LINT_VENV ?? pathOf('../.venv/cfn-lint');
const requirements = pathOf('requirements.txt');

/** CDK says that a function depends on its role, which a reference says already. */
const ignored = ['W3005'];

/**
 * `npm run lint:templates`: AWS's own linter over every template, by CloudFormation's schemas.
 *
 * It goes into a virtual environment in `.venv/cfn-lint`, or where `CORDON_CFN_LINT_VENV` says.
 * Whatever keeps it from running fails the command: nothing is skipped.
 */
await install({ name: 'cfn-lint', requirements, venv }).catch((error) => {
  if (!(error instanceof NotInstalledError)) throw error;
  console.error(error.message);
  process.exit(1);
});
await eachTemplate(async (stacks) => {
  const files = stacks.map(({ templateFullPath }) => templateFullPath);
  process.exitCode = await run(`${venv}/bin/cfn-lint`, [
    '--ignore-checks',
    ...ignored,
    '--',
    ...files,
  ]);
  if (process.exitCode === 0) console.log(`cfn-lint: ${files.length} templates, nothing to say`);
});

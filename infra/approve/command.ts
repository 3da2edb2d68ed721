import { Command, CommanderError } from 'commander';
import { wake } from '../../functions/approval-page/show-or-decide.ts';
import { words } from '../../functions/approval-page/words.ts';
import { type Approval, untilOf, whyOf } from '../../functions/shared/approval.ts';
import type { Approvals } from '../../functions/shared/approvals.ts';
import type { Home } from '../../functions/shared/home.ts';
import { CaseId } from '../../functions/shared/ids.ts';
import { wrongRegion } from '../start/region.ts';

/** A deployment's approvals, and who AWS says is there to answer. */
export interface Deployment {
  readonly approvals: Approvals;
  readonly answer: Home['answer'];
  /** ARN of whose credentials these are. */
  whoAmI(): Promise<string>;
}

/** Where a deployment is looked for. */
export interface Where {
  readonly profile?: string;
  readonly region?: string;
  readonly stage: string;
}

/** Where the command's words go, and where the approvals are. */
interface Around {
  print(text: string): void;
  complain(text: string): void;
  open(where: Where): Promise<Deployment>;
}

/** There is nothing to answer at, in words that say what to do. */
export class NoDeploymentError extends Error {
  override readonly name = 'NoDeploymentError';
}

interface Options extends Where {
  readonly deny?: true;
  readonly show?: true;
}

/** Runs `npm run approve --` with these arguments; returns its exit code. */
export async function approveCommand(args: readonly string[], around: Around): Promise<number> {
  let code = 0;
  const command = new Command('npm run approve --')
    .description('Answers for a case that waits for people: it shows the plan and approves it.')
    .argument('<CASE>', 'the id of the case, such as case-0123456789')
    .option('--deny', 'deny it instead: nothing is done')
    .option('--show', 'only show the plan')
    .option('--profile <name>', 'the AWS profile that says who you are')
    .option('--region <region>', 'where Cordon’s responder is')
    .option('--stage <stage>', 'which deployment of Cordon', 'prod')
    .addHelpText(
      'after',
      '\nExit code: 0 when the answer counts, 1 when it does not, 2 for unusable input.',
    )
    .configureOutput({ writeOut: around.print, writeErr: around.complain })
    .exitOverride()
    .action(async (caseId: string, options: Options) => {
      code = await approve(caseId, options, around);
    });
  try {
    await command.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}

async function approve(said: string, options: Options, around: Around): Promise<number> {
  const { print, complain } = around;
  const parsed = CaseId.safeParse(said);
  if (!parsed.success) {
    const found = JSON.stringify(said.slice(0, 60));
    complain(`CASE: expected the id of a case, such as case-0123456789, found ${found}\n`);
    return 2;
  }
  const wrong = wrongRegion(options.region);
  if (wrong) {
    complain(`${wrong}\n`);
    return 2;
  }
  try {
    return await answerFor(parsed.data, options, around);
  } catch (error) {
    if (!(error instanceof NoDeploymentError)) throw error;
    complain(`${error.message}\n`);
    return 2;
  }

  async function answerFor(caseId: CaseId, { deny, show }: Options, { open }: Around) {
    const { approvals, answer, whoAmI } = await open(options);
    const approval = await approvals.of(caseId);
    if (!approval) return refuse('no-such-approval');
    print(inWords(approval));
    if (show) return 0;
    const by = approverOf(approval, await whoAmI());
    const { planHash } = approval;
    const given = { by, how: 'command-line', said: deny ? 'deny' : 'approve', planHash } as const;
    const { came, approval: after = approval } = await approvals.answer(caseId, given);
    await wake(after, { answer });
    const line = `\nAs ${by}: ${words[came].title}. ${words[came].text}\n`;
    if (!['approved', 'denied', 'one-more-needed'].includes(came)) {
      complain(line);
      return 1;
    }
    print(line);
    return 0;
  }

  function refuse(came: 'no-such-approval'): number {
    complain(`${words[came].title}. ${words[came].text}\n`);
    return 1;
  }
}

/** The approver whom AWS says this is, by whole ARN; where none are listed, the ARN itself. */
const approverOf = ({ approvers }: Approval, arn: string): string =>
  approvers.find(({ arns }) => arns.includes(arn))?.name ?? arn;

function inWords(approval: Approval): string {
  const { caseId, playbook, target, because, findings, people, plan, failed } = approval;
  const { execution } = approval;
  return [
    `Case ${caseId}: ${playbook} on ${target}, until ${untilOf(approval)}`,
    ...(execution ? [`Execution ${execution}`] : []),
    ...(people === 2 ? ['Two different people must agree.'] : []),
    'Why people are asked:',
    ...because.map((one) => `  ${whyOf(one)}`),
    'Who asks, because of what:',
    ...findings.map((line) => `  ${line}`),
    `What would be done, plan ${approval.planHash.slice(0, 16)}:`,
    ...plan.map((line) => `  ${line}`),
    ...failed.map((step) => `  ${step} could not be rehearsed: what it would do is not known`),
    '',
  ].join('\n');
}

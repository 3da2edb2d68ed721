import { Aws, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnManagedPolicy, CfnRole } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { steps } from '../functions/index.ts';
import type { Step } from '../functions/shared/step.ts';
import { targetPolicyName, targetRoleName, undoOf } from '../functions/shared/target-role.ts';
import { acknowledgeWildcards, whyDeclared } from './acknowledged.ts';
import { type Config, UnusableConfigError } from './config.ts';
import { ownRoles, pascal } from './names.ts';
import { neverTouched } from './never-touched.ts';
import {
  type Access,
  accessOf,
  callsTarget,
  charactersOf,
  documentOf,
  type Statement,
  statementsFor,
} from './statements.ts';

/** IAM's limits, in characters without white space; a role's inline policies count together. */
const most = { managedPolicy: 6_144, inlinePolicies: 10_240 } as const;

/** What a session may be narrowed to: a step, or what takes it back. */
interface Declaration extends Access {
  readonly name: string;
}

/** Everything that Cordon may do to an account that is not its own, by who does it. */
const declarations = (all: readonly Step[] = steps): readonly Declaration[] =>
  all
    // What a step undoes is done in a session of the undone step's.
    .filter((step) => callsTarget(step) && !step.undoes && step.actsIn !== 'own-account')
    .flatMap((step) => [
      { name: step.name, ...accessOf(step) },
      ...(step.undo
        ? [{ name: undoOf(step.name), reads: step.undo.reads, writes: step.undo.writes }]
        : []),
    ]);

/**
 * What an account lets Cordon do to it, once per account: one role, and the policies to which a
 * session of it is narrowed.
 *
 * The role is what all steps and what takes them back need together, and never the ARNs that the
 * deployer keeps from them. Cordon's own roles may assume it, from the responder's account alone,
 * with the external id, from within the organisation; each passes the policies of its step, in a dry
 * run those that read. The template is the same for every account and has no assets, so StackSets
 * deploy it as it stands.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
 */
export class MemberAccountStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { config, ...props }: StackProps & { readonly config: Config },
  ) {
    super(scope, id, props);
    const all = declarations();
    for (const { name, reads = {}, writes = {}, needs = [] } of all) {
      this.#policy(config, name, 'reads', statementsFor({ reads }));
      this.#policy(config, name, 'writes', statementsFor({ writes, needs }));
    }
    const together: Access = {
      writes: Object.assign({}, ...all.map(({ writes }) => writes)),
      needs: all.flatMap(({ needs = [] }) => needs),
    };
    const allowed = statementsFor(...all);
    const refused = neverTouched(config.neverTouch, together);
    refuseLarger(most.inlinePolicies, `the role ${targetRoleName(config)}`, [
      ...allowed,
      ...refused,
    ]);
    const role = new CfnRole(this, 'Target', {
      roleName: targetRoleName(config),
      description: 'Cordon contains incidents in this account by it',
      maxSessionDuration: 3_600,
      assumeRolePolicyDocument: documentOf([trust(config)]),
      policies: [
        { policyName: 'what-playbooks-do', policyDocument: documentOf(allowed) },
        ...(refused.length > 0
          ? [{ policyName: 'never-touch', policyDocument: documentOf(refused) }]
          : []),
      ],
    });
    acknowledgeWildcards(role, allowed, whyDeclared);
  }

  /** One without statements lets do what everybody may: IAM takes no policy without any. */
  #policy(
    config: Config,
    name: string,
    access: 'reads' | 'writes',
    declared: readonly Statement[],
  ): void {
    const statements = declared.length > 0 ? declared : [nothing];
    const managedPolicyName = targetPolicyName(config, name, access);
    refuseLarger(most.managedPolicy, managedPolicyName, statements);
    const policy = new CfnManagedPolicy(this, pascal(`${name}-${access}`), {
      managedPolicyName,
      description: `Cordon: what ${name} ${access}`,
      policyDocument: documentOf(statements),
    });
    acknowledgeWildcards(policy, statements, whyDeclared);
  }
}

const nothing: Statement = {
  Effect: 'Allow',
  Action: ['sts:GetCallerIdentity'],
  Resource: ['*'],
};

const trust = ({ responder, stage, externalId, organization }: Config) => ({
  Effect: 'Allow' as const,
  Action: ['sts:AssumeRole'],
  Principal: { AWS: `arn:${Aws.PARTITION}:iam::${responder.account}:root` },
  Condition: {
    StringEquals: {
      ...(externalId && { 'sts:ExternalId': externalId }),
      ...(organization && { 'aws:PrincipalOrgID': organization }),
    },
    ArnLike: {
      'aws:PrincipalArn': `arn:${Aws.PARTITION}:iam::${responder.account}:role${ownRoles(stage)}*`,
    },
  },
});

function refuseLarger(limit: number, what: string, statements: readonly Statement[]): void {
  const characters = charactersOf(statements);
  if (characters <= limit) return;
  throw new UnusableConfigError(
    `${what} would have ${characters} characters, more than IAM's ${limit}: shorten neverTouch, or what steps declare`,
  );
}

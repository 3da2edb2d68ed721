import { Stack, Validations } from 'aws-cdk-lib';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import type { IConstruct } from 'constructs';
import type { Statement } from './statements.ts';

/** Why a statement names more than one resource at once. */
export type Why = (statement: Statement, resource: string) => string;

/**
 * Says of every wildcard in a role's statements why it is there, one by one: a wildcard that
 * somebody adds later is still found.
 */
export function acknowledgeWildcards(
  on: IConstruct,
  statements: readonly Statement[],
  why: Why,
): void {
  for (const statement of statements.filter(({ Effect }) => Effect === 'Allow')) {
    const resources: unknown = Stack.of(on).resolve(statement.Resource);
    for (const resource of Array.isArray(resources) ? resources.map(flattenCfnReference) : []) {
      if (!resource.includes('*')) continue;
      acknowledge(on, `AwsSolutions-IAM5[Resource::${resource}]`, why(statement, resource));
    }
  }
}

/** Accepts a finding of cdk-nag on a construct, with the reason. */
export function acknowledge(on: IConstruct, id: string, reason: string): void {
  Validations.of(on).acknowledge({ id, reason });
}

/** Why a step's declaration has a wildcard in it. */
export const whyDeclared: Why = ({ Action }, resource) =>
  resource === '*'
    ? `AWS supports no resource for ${Action.join(', ')} (service authorization reference).`
    : 'A finding names the target when it comes, so its id is not known to the role; the declaration narrows the kind, and the conditions.';

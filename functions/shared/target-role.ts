import type { Settings } from './settings.ts';

/** An IAM name without a path, the same in every account: `infra` makes what the runtime assumes. */
interface Named {
  readonly stage: string;
}

/** The role that Cordon assumes in an account other than its own. */
export const targetRoleName = ({ stage }: Named): string => `cordon-${stage}-target`;

/**
 * The managed policy, in the target's account, that narrows a session to what one declaration reads
 * or writes. `declared` is a step's name, or `undo-of-` and a step's name.
 *
 * Both are there for every declaration that calls a target account, since AWS refuses to pass one
 * that is not; what it needs beside its calls goes with the writes.
 */
export const targetPolicyName = (
  { stage }: Named,
  declared: string,
  access: 'reads' | 'writes',
): string => `cordon-${stage}-${declared}-${access}`;

/** What a declaration is called in a policy's name when it is taken back. */
export const undoOf = (step: string): string => `undo-of-${step}`;

/** Whether Cordon may act in an account: its own, one that is listed, or any of its organisation. */
export const reaches = (
  { targets }: Pick<Settings, 'targets'>,
  { account: own }: { readonly account: string },
  account: string,
): boolean =>
  account === own ||
  targets.organization !== undefined ||
  targets.accounts.some((listed) => listed === account);

import type { Finding } from './finding.ts';
import type { Settings } from './settings.ts';

/** Why a target is left to a human. */
type Forbidden = 'never-touch-account' | 'never-touch-instance';

/**
 * Whether a target may be acted on at all. Only `open-case` asks it of a finding's target; a step
 * that finds a further target asks it again.
 *
 * The list is the deployment's own. Tags on the resource are not looked at: an intruder who can tag
 * would tag himself out.
 */
export function forbids(settings: Settings, { account, instance }: Finding): Forbidden | undefined {
  const { accounts, instances } = settings.neverTouch;
  if (accounts.includes(account)) return 'never-touch-account';
  if (instance && instances.includes(instance.instanceId)) return 'never-touch-instance';
  return undefined;
}

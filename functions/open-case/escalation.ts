import { createHash } from 'node:crypto';
import type { Finding } from '../shared/finding.ts';
import type { Mode } from '../shared/journal.ts';
import type { Principal } from '../shared/principal.ts';
import type { Opening } from './opening.ts';

/** GuardDuty's critical severity, from which a whole role is revoked and not the one session alone. */
const critical = 9;

/** How much of a role is denied; a person who names a role and no session means all of it. */
export function scopeOf({ severity }: Finding, principal: Principal | null): Opening['scope'] {
  if (!principal?.roleName) return 'session';
  if (!principal.sessionName) return 'role';
  return severity >= critical ? 'session-then-role' : 'session';
}

/**
 * What must be contained beside the credentials: the instance they were taken from. Its playbook
 * has a case, a lock and guard rails of its own.
 */
export function alongside({
  finding,
  principal,
  mode,
  execution,
}: {
  finding: Finding;
  principal: Principal | null;
  mode: Mode;
  execution: string;
}): Opening['alongside'] {
  const leftTheHost = finding.type.startsWith(
    'UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration',
  );
  const instanceId = principal?.instanceId;
  if (!leftTheHost || !instanceId) return { playbook: 'none', request: null, name: null };
  const { account, region } = finding;
  const hash = createHash('sha256').update(`${execution} ${instanceId}`).digest('hex');
  return {
    playbook: 'compromised-instance',
    request: {
      instanceId,
      account,
      region,
      mode,
      reason: `its credentials were used elsewhere: finding ${finding.id}`,
    },
    name: `instance-${hash.slice(0, 32)}`,
  };
}

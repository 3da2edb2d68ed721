import { createHash } from 'node:crypto';
import type { CaseRef } from '../shared/case-record.ts';
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
 * has a case, a lock and guard rails of its own. What it is started by is named once the case is
 * open: see {@link startedFor}.
 */
export function alongside({
  finding,
  principal,
  mode,
}: {
  finding: Finding;
  principal: Principal | null;
  mode: Mode;
}): Opening['alongside'] {
  const leftTheHost = finding.type.startsWith(
    'UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration',
  );
  const instanceId = principal?.instanceId;
  if (!leftTheHost || !instanceId) return { playbook: 'none', request: null, name: null };
  const { account, region } = finding;
  return {
    playbook: 'compromised-instance',
    request: {
      instanceId,
      account,
      region,
      mode,
      reason: `its credentials were used elsewhere: finding ${finding.id}`,
    },
    name: null,
  };
}

/**
 * The same, with a name that goes by the case and not by the execution: whoever takes the case over
 * must not start the instance's playbook a second time, with a case and snapshots of its own.
 */
export function startedFor<Of extends Pick<Opening, 'alongside'>>(of: Of, ref: CaseRef | null): Of {
  const { alongside } = of;
  if (!ref || alongside.playbook === 'none') return of;
  const hash = createHash('sha256').update(`${ref.caseId} ${alongside.playbook}`).digest('hex');
  return { ...of, alongside: { ...alongside, name: `instance-${hash.slice(0, 32)}` } };
}

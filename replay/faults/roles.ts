/** What a step is for, and what `close-case` calls its action. */
interface Role {
  /**
   * `containment`: without it access stays open. `evidence`: without it less is known. `release`:
   * without it access stays shut. `own`: the case itself, people's word, and telling them.
   */
  readonly kind: 'containment' | 'evidence' | 'release' | 'own';
  readonly labels: readonly string[];
  /** Outcomes by which it says that there is nothing it could contain. */
  readonly gone: readonly string[];
}

const containment = (labels: readonly string[], ...gone: string[]): Role => ({
  kind: 'containment',
  labels,
  gone,
});
const evidence = (...labels: string[]): Role => ({ kind: 'evidence', labels, gone: [] });
const own: Role = { kind: 'own', labels: [], gone: [] };

/** Every step, by name; a test holds it to `functions/index.ts`. */
export const roles: Readonly<Record<string, Role>> = {
  'isolate-instance': containment(['Isolate instance'], 'instance-gone'),
  'protect-instance': containment(['Protect instance'], 'instance-gone'),
  'detach-from-auto-scaling': containment(
    ['Detach from Auto Scaling'],
    'instance-gone',
    'not-in-group',
  ),
  'deregister-from-load-balancers': containment(
    ['Deregister from load balancers'],
    'instance-gone',
    'not-registered',
  ),
  'deny-remote-addresses': containment(['Deny remote addresses'], 'instance-gone'),
  'deactivate-access-key': containment(['Deactivate access key'], 'absent'),
  'quarantine-user': containment(['Quarantine user'], 'absent'),
  'revoke-user-sessions': containment(['Revoke user sessions'], 'absent'),
  'revoke-role-sessions': containment(
    ['Revoke the sessions of roles', 'Deny the stolen session', 'Revoke the whole role'],
    'absent',
  ),
  'start-playbook': containment([
    'Contain the instance as well',
    'Start a playbook for each target',
  ]),
  'create-replacement-key': containment(['Create replacement key'], 'absent'),
  'delete-replaced-key': containment(['Delete replaced key'], 'absent'),
  'inspect-instance': evidence('Inspect instance'),
  'start-memory-capture': evidence('Capture memory'),
  'check-memory-capture': evidence('Capture memory'),
  'keep-memory-image': evidence('Capture memory', 'Lock snapshots'),
  'await-memory-capture': evidence(),
  'snapshot-volumes': evidence('Snapshot volumes', 'Lock snapshots'),
  'record-principal': { kind: 'evidence', labels: ['Record the principal'], gone: ['absent'] },
  'trace-credentials': evidence('Trace what the credentials did'),
  'start-history-query': evidence('Query the API history'),
  'check-history-query': evidence('Query the API history'),
  'list-changes': evidence('List what changed'),
  'open-case': own,
  'plan-attack-sequence': own,
  'request-approval': own,
  'settle-approval': own,
  'close-case': own,
  'settle-failed-execution': own,
  'tell-human': own,
  'plan-release': own,
  'release-change': { kind: 'release', labels: [], gone: ['gone'] },
  'close-release': own,
  'settle-release': own,
};

/** What a step is for. One that nobody has judged must not pass for a harmless one. */
export function roleOf(step: string): Role {
  const role = roles[step];
  if (!role) throw new Error(`${step} has no role: say in replay/faults/roles.ts what it is for`);
  return role;
}

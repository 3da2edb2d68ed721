/** What a step is for, and what `close-case` calls its action. */
interface Role {
  /**
   * `containment`: without it access stays open. `evidence`: without it less is known. `own`: the
   * case itself, and telling people.
   */
  readonly kind: 'containment' | 'evidence' | 'own';
  readonly labels: readonly string[];
}

const containment = (...labels: string[]): Role => ({ kind: 'containment', labels });
const evidence = (...labels: string[]): Role => ({ kind: 'evidence', labels });
const own: Role = { kind: 'own', labels: [] };

/** Every step that a playbook runs before it closes its case, by name. */
const roles: Readonly<Record<string, Role>> = {
  'isolate-instance': containment('Isolate instance'),
  'protect-instance': containment('Protect instance'),
  'detach-from-auto-scaling': containment('Detach from Auto Scaling'),
  'deregister-from-load-balancers': containment('Deregister from load balancers'),
  'deny-remote-addresses': containment('Deny remote addresses'),
  'deactivate-access-key': containment('Deactivate access key'),
  'quarantine-user': containment('Quarantine user'),
  'revoke-user-sessions': containment('Revoke user sessions'),
  'revoke-role-sessions': containment(
    'Revoke the sessions of roles',
    'Deny the stolen session',
    'Revoke the whole role',
  ),
  'start-playbook': containment('Contain the instance as well', 'Start a playbook for each target'),
  'inspect-instance': evidence('Inspect instance'),
  'start-memory-capture': evidence('Capture memory'),
  'check-memory-capture': evidence('Capture memory'),
  'keep-memory-image': evidence('Capture memory'),
  'await-memory-capture': evidence(),
  'snapshot-volumes': evidence('Snapshot volumes'),
  'record-principal': evidence('Record the principal'),
  'trace-credentials': evidence('Trace what the credentials did'),
  'start-history-query': evidence('Query the API history'),
  'check-history-query': evidence('Query the API history'),
  'list-changes': evidence('List what changed'),
};

/** A step that is not listed is Cordon's own: if it fails, no case is worked or none is closed. */
export const roleOf = (step: string): Role => roles[step] ?? own;

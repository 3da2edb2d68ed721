import type { Undoable } from '../shared/step.ts';
import type { Undone } from '../shared/undo-order.ts';

/**
 * The steps whose changes are taken back, of which nothing but the undo is used here. Each is loaded
 * when it is asked for: together they have five AWS clients, and one change needs one or two.
 */
export const undoable: Readonly<Record<Undone, () => Promise<Undoable>>> = {
  'protect-instance': async () => (await import('../protect-instance/handler.ts')).protectInstance,
  'detach-from-auto-scaling': async () =>
    (await import('../detach-from-auto-scaling/handler.ts')).detachFromAutoScaling,
  'isolate-instance': async () => (await import('../isolate-instance/handler.ts')).isolateInstance,
  'deregister-from-load-balancers': async () =>
    (await import('../deregister-from-load-balancers/handler.ts')).deregisterFromLoadBalancers,
  'deny-remote-addresses': async () =>
    (await import('../deny-remote-addresses/handler.ts')).denyRemoteAddresses,
  'deactivate-access-key': async () =>
    (await import('../deactivate-access-key/handler.ts')).deactivateAccessKey,
  'quarantine-user': async () => (await import('../quarantine-user/handler.ts')).quarantineUser,
  'revoke-user-sessions': async () =>
    (await import('../revoke-user-sessions/handler.ts')).revokeUserSessions,
  'revoke-role-sessions': async () =>
    (await import('../revoke-role-sessions/handler.ts')).revokeRoleSessions,
};

import { deactivateAccessKey } from '../deactivate-access-key/handler.ts';
import { denyRemoteAddresses } from '../deny-remote-addresses/handler.ts';
import { deregisterFromLoadBalancers } from '../deregister-from-load-balancers/handler.ts';
import { detachFromAutoScaling } from '../detach-from-auto-scaling/handler.ts';
import { isolateInstance } from '../isolate-instance/handler.ts';
import { protectInstance } from '../protect-instance/handler.ts';
import { quarantineUser } from '../quarantine-user/handler.ts';
import { revokeRoleSessions } from '../revoke-role-sessions/handler.ts';
import { revokeUserSessions } from '../revoke-user-sessions/handler.ts';
import type { Undoable } from '../shared/step.ts';
import type { Undone } from '../shared/undo-order.ts';

/** The steps whose changes are taken back, of which nothing but the undo is used here. */
export const undoable: Readonly<Record<Undone, Undoable>> = {
  'protect-instance': protectInstance,
  'detach-from-auto-scaling': detachFromAutoScaling,
  'isolate-instance': isolateInstance,
  'deregister-from-load-balancers': deregisterFromLoadBalancers,
  'deny-remote-addresses': denyRemoteAddresses,
  'deactivate-access-key': deactivateAccessKey,
  'quarantine-user': quarantineUser,
  'revoke-user-sessions': revokeUserSessions,
  'revoke-role-sessions': revokeRoleSessions,
};

import { awaitMemoryCapture } from './await-memory-capture/handler.ts';
import { checkHistoryQuery } from './check-history-query/handler.ts';
import { checkMemoryCapture } from './check-memory-capture/handler.ts';
import { closeCase } from './close-case/handler.ts';
import { closeRelease } from './close-release/handler.ts';
import { createReplacementKey } from './create-replacement-key/handler.ts';
import { deactivateAccessKey } from './deactivate-access-key/handler.ts';
import { deleteReplacedKey } from './delete-replaced-key/handler.ts';
import { denyRemoteAddresses } from './deny-remote-addresses/handler.ts';
import { deregisterFromLoadBalancers } from './deregister-from-load-balancers/handler.ts';
import { detachFromAutoScaling } from './detach-from-auto-scaling/handler.ts';
import { inspectInstance } from './inspect-instance/handler.ts';
import { isolateInstance } from './isolate-instance/handler.ts';
import { keepMemoryImage } from './keep-memory-image/handler.ts';
import { listChanges } from './list-changes/handler.ts';
import { openCase } from './open-case/handler.ts';
import { planAttackSequence } from './plan-attack-sequence/handler.ts';
import { planRelease } from './plan-release/handler.ts';
import { protectInstance } from './protect-instance/handler.ts';
import { quarantineUser } from './quarantine-user/handler.ts';
import { recordPrincipal } from './record-principal/handler.ts';
import { releaseChange } from './release-change/handler.ts';
import { requestApproval } from './request-approval/handler.ts';
import { revokeRoleSessions } from './revoke-role-sessions/handler.ts';
import { revokeUserSessions } from './revoke-user-sessions/handler.ts';
import { settleApproval } from './settle-approval/handler.ts';
import { settleFailedExecution } from './settle-failed-execution/handler.ts';
import { settleRelease } from './settle-release/handler.ts';
import { snapshotVolumes } from './snapshot-volumes/handler.ts';
import { startHistoryQuery } from './start-history-query/handler.ts';
import { startMemoryCapture } from './start-memory-capture/handler.ts';
import { startPlaybook } from './start-playbook/handler.ts';
import { tellHuman } from './tell-human/handler.ts';
import { traceCredentials } from './trace-credentials/handler.ts';

/** Every step there is. `infra` deploys a Lambda for each; `replay` looks them up here by name. */
export const steps = [
  awaitMemoryCapture,
  checkHistoryQuery,
  checkMemoryCapture,
  closeCase,
  closeRelease,
  createReplacementKey,
  deactivateAccessKey,
  deleteReplacedKey,
  denyRemoteAddresses,
  deregisterFromLoadBalancers,
  detachFromAutoScaling,
  inspectInstance,
  isolateInstance,
  keepMemoryImage,
  listChanges,
  openCase,
  planAttackSequence,
  planRelease,
  protectInstance,
  quarantineUser,
  recordPrincipal,
  releaseChange,
  requestApproval,
  revokeRoleSessions,
  revokeUserSessions,
  settleApproval,
  settleFailedExecution,
  settleRelease,
  snapshotVolumes,
  startHistoryQuery,
  startMemoryCapture,
  startPlaybook,
  tellHuman,
  traceCredentials,
] as const;

import { plainText } from '../shared/plain-text.ts';
import type { kinds, Persistence } from '../shared/trace.ts';
import { caller, type TrailEvent, type TrailRecord } from './trail-event.ts';

type Kind = (typeof kinds)[number];

/** Calls by which intruders stay, come back, or go unseen: by what they leave, then by service. */
const hunted: Readonly<Record<Kind, Readonly<Record<string, readonly string[]>>>> = {
  principal: {
    iam: ['CreateUser', 'CreateRole', 'CreateInstanceProfile', 'AddRoleToInstanceProfile'],
    sso: ['CreateAccountAssignment'],
  },
  'sign-in': {
    iam: [
      'CreateLoginProfile',
      'UpdateLoginProfile',
      'ChangePassword',
      'CreateVirtualMFADevice',
      'EnableMFADevice',
      'DeactivateMFADevice',
      'DeleteVirtualMFADevice',
    ],
  },
  key: {
    iam: [
      'CreateAccessKey',
      'UpdateAccessKey',
      'CreateServiceSpecificCredential',
      'ResetServiceSpecificCredential',
      'UploadSSHPublicKey',
      'UploadSigningCertificate',
    ],
    sts: ['GetFederationToken'],
    ec2: ['CreateKeyPair', 'ImportKeyPair'],
    'ec2-instance-connect': ['SendSSHPublicKey', 'SendSerialConsoleSSHPublicKey'],
  },
  policy: {
    iam: [
      'AttachUserPolicy',
      'AttachRolePolicy',
      'AttachGroupPolicy',
      'PutUserPolicy',
      'PutRolePolicy',
      'PutGroupPolicy',
      'AddUserToGroup',
      'CreatePolicyVersion',
      'SetDefaultPolicyVersion',
      'DeleteUserPolicy',
      'DeleteRolePolicy',
      'DetachUserPolicy',
      'DetachRolePolicy',
      'PutUserPermissionsBoundary',
      'DeleteUserPermissionsBoundary',
      'PutRolePermissionsBoundary',
      'DeleteRolePermissionsBoundary',
    ],
  },
  trust: {
    iam: [
      'UpdateAssumeRolePolicy',
      'CreateSAMLProvider',
      'UpdateSAMLProvider',
      'CreateOpenIDConnectProvider',
      'AddClientIDToOpenIDConnectProvider',
    ],
    rolesanywhere: ['CreateTrustAnchor', 'CreateProfile'],
  },
  function: {
    lambda: [
      'CreateFunction',
      'UpdateFunctionCode',
      'UpdateFunctionConfiguration',
      'AddPermission',
      'CreateFunctionUrlConfig',
      'UpdateFunctionUrlConfig',
      'CreateEventSourceMapping',
    ],
  },
  compute: { ec2: ['RunInstances', 'ModifyInstanceAttribute'] },
  share: {
    ec2: ['ModifySnapshotAttribute', 'ModifyImageAttribute'],
    s3: ['PutBucketPolicy', 'PutBucketAcl'],
    kms: ['PutKeyPolicy', 'CreateGrant'],
  },
  defence: {
    cloudtrail: ['StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors'],
    config: ['StopConfigurationRecorder', 'DeleteConfigurationRecorder'],
    guardduty: ['DeleteDetector', 'UpdateDetector', 'CreateFilter', 'ArchiveFindings'],
    ec2: ['DeleteFlowLogs'],
    organizations: ['LeaveOrganization'],
  },
};

const kindOf: ReadonlyMap<string, Kind> = new Map(
  // Object.entries forgets that the keys are kinds.
  (Object.entries(hunted) as [Kind, Readonly<Record<string, readonly string[]>>][]).flatMap(
    ([kind, services]) =>
      Object.entries(services).flatMap(([service, names]) =>
        names.map((name) => [`${service}:${name}`, kind] as const),
      ),
  ),
);

/** What an event may have left behind, or undefined when it is none that leaves anything. */
export function persistenceIn(event: TrailEvent): Persistence | undefined {
  const kind = kindOf.get(`${event.service}:${event.name}`);
  const { requestParameters: asked, errorCode } = event.record ?? {};
  if (!kind) return undefined;
  // Of an instance's attributes, only what it runs at its next start is a way back in.
  if (event.name === 'ModifyInstanceAttribute' && asked?.userData === undefined) return undefined;
  return {
    eventId: event.eventId,
    eventName: event.name,
    kind,
    region: event.region,
    who: caller(event),
    what: whatIn(event.record),
    when: event.at,
    error: errorCode ? plainText(errorCode, 64) : null,
  };
}

/** The names the call was about; of documents and secrets, nothing. */
function whatIn(record: TrailRecord | undefined): string {
  const { userData, createVolumePermission, launchPermission, ...named } =
    record?.requestParameters ?? {};
  const { accessKey, instancesSet } = record?.responseElements ?? {};
  const sharedWith = [createVolumePermission, launchPermission].flatMap((sharing) =>
    (sharing?.add?.items ?? []).map(({ userId, group }) => userId ?? group),
  );
  const what = {
    ...named,
    accessKeyId: accessKey?.accessKeyId,
    instances: (instancesSet?.items ?? []).map(({ instanceId }) => instanceId).join(' '),
    sharedWith: sharedWith.join(' '),
    userData: userData === undefined ? undefined : 'changed',
  };
  const said = Object.entries(what).flatMap(([name, value]) => (value ? `${name} ${value}` : []));
  return plainText(said.join(', '), 200);
}

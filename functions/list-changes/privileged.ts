/** What lets a user gain more than its policies say, or undo a defence: a word, and calls that do it. */
const table = {
  'iam-write': [
    ...['iam:AddUserToGroup', 'iam:AttachGroupPolicy', 'iam:AttachRolePolicy'],
    ...['iam:AttachUserPolicy', 'iam:CreateAccessKey', 'iam:CreateLoginProfile'],
    ...['iam:CreateOpenIDConnectProvider', 'iam:CreatePolicyVersion', 'iam:CreateRole'],
    ...['iam:CreateSAMLProvider', 'iam:CreateServiceSpecificCredential', 'iam:CreateUser'],
    ...['iam:DeactivateMFADevice', 'iam:DeleteRolePermissionsBoundary', 'iam:DeleteRolePolicy'],
    ...['iam:DeleteUserPermissionsBoundary', 'iam:DeleteUserPolicy', 'iam:DetachRolePolicy'],
    ...['iam:DetachUserPolicy', 'iam:PutGroupPolicy', 'iam:PutRolePermissionsBoundary'],
    ...['iam:PutRolePolicy', 'iam:PutUserPermissionsBoundary', 'iam:PutUserPolicy'],
    ...['iam:SetDefaultPolicyVersion', 'iam:UpdateAccessKey', 'iam:UpdateAssumeRolePolicy'],
    ...['iam:UpdateLoginProfile', 'iam:UpdateSAMLProvider', 'iam:UploadSigningCertificate'],
  ],
  'pass-role': ['iam:PassRole'],
  'assume-any-role': ['sts:AssumeRole'],
  organizations: [
    ...['organizations:AttachPolicy', 'organizations:CreateAccount'],
    ...['organizations:DeletePolicy', 'organizations:DetachPolicy'],
    ...['organizations:DisablePolicyType', 'organizations:InviteAccountToOrganization'],
    ...['organizations:LeaveOrganization', 'organizations:MoveAccount'],
    ...['organizations:RegisterDelegatedAdministrator', 'organizations:UpdatePolicy'],
  ],
  'identity-center': [
    ...['sso:AttachManagedPolicyToPermissionSet', 'sso:CreateAccountAssignment'],
    ...['sso:PutInlinePolicyToPermissionSet', 'identitystore:CreateGroupMembership'],
    ...['identitystore:CreateUser'],
  ],
  'kms-grants': ['kms:CreateGrant', 'kms:PutKeyPolicy'],
  'function-code': [
    ...['lambda:AddPermission', 'lambda:UpdateFunctionCode'],
    ...['lambda:UpdateFunctionConfiguration'],
  ],
  'remote-command': [
    ...['ssm:SendCommand', 'ssm:StartSession', 'ec2-instance-connect:SendSSHPublicKey'],
  ],
  secrets: ['secretsmanager:GetSecretValue', 'secretsmanager:BatchGetSecretValue'],
  'stop-logging': [
    ...['cloudtrail:DeleteTrail', 'cloudtrail:PutEventSelectors', 'cloudtrail:StopLogging'],
    ...['cloudtrail:UpdateTrail', 'config:StopConfigurationRecorder'],
    ...['guardduty:DeleteDetector', 'guardduty:UpdateDetector'],
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Privilege = keyof typeof table;

// Object.keys forgets the names; they are the table's.
export const privileges = Object.keys(table) as Privilege[];

/** Roles that are named one by one are for their own policies to judge. */
const onAnyResource: ReadonlySet<Privilege> = new Set(['assume-any-role']);

/** The words of which some call is allowed; `wide`, when on more than resources named in full. */
export const privilegesOf = (allows: (action: string) => boolean, wide: boolean): Privilege[] =>
  privileges.filter((word) => (wide || !onAnyResource.has(word)) && table[word].some(allows));

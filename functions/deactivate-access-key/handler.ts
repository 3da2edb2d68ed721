import { IAMClient, IAMServiceException } from '@aws-sdk/client-iam';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { AccessKeyId, UserName } from '../shared/ids.ts';
import { toLambda } from '../shared/lambda.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import { defineStep, NotProvenError, type StepContext } from '../shared/step.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';
import { Key, KeyStatus, keysOf, ownerOf, setStatus } from './keys.ts';

const input = z.strictObject({
  /** Whose keys, where no key is named. */
  userName: UserName.nullable(),
  /** Null: every key of the user. */
  accessKeyId: AccessKeyId.nullable(),
  /** The key's, where it was read before. */
  keyStatus: KeyStatus.nullable(),
  /** Who IAM said the key belongs to. */
  owner: UserName.nullable(),
});

const output = z.object({
  outcome: z.enum(['deactivated', 'already-inactive', 'absent', 'temporary']),
  userName: UserName.nullable(),
  /** The keys that this made inactive, or that were so already. */
  keys: z.array(Key),
});
type Output = z.infer<typeof output>;

const Before = z.strictObject({
  userName: UserName,
  accessKeyId: AccessKeyId,
  /** A key that was inactive already is not recorded, and stays so. */
  status: z.literal('Active'),
});

const users = 'arn:aws:iam::*:user/*';
const update = { 'iam:UpdateAccessKey': { on: users, standIn: () => ({}) } };

/**
 * Deactivates one access key, or every key of a user: requests signed with it are refused.
 *
 * Of a named key nothing but the key is trusted: who owns it is what IAM says, and the owner's other
 * keys are left alone. A user renamed meanwhile is found again by the key. Every key of the user is
 * changed only when no key is named.
 *
 * It does not end sessions that the key has started (`revoke-user-sessions`, `revoke-role-sessions`)
 * and never deletes a key. A temporary key (ASIA…) cannot be deactivated at all.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys-admin-managed.html
 */
export const deactivateAccessKey = defineStep({
  name: 'deactivate-access-key',
  input,
  output,
  reads: { 'iam:GetAccessKeyLastUsed': { on: users }, 'iam:ListAccessKeys': { on: users } },
  writes: update,
  connect: (to) => ({ iam: new IAMClient(patient(to)) }),

  async run({ userName, accessKeyId, keyStatus, owner }, { iam }, context): Promise<Output> {
    if (accessKeyId === null) return everyKey(iam, userName ?? owner, context);
    if (accessKeyId.startsWith('ASIA')) return { outcome: 'temporary', userName: null, keys: [] };

    const told = owner && (await oneKey(iam, owner, { accessKeyId, keyStatus }, context));
    if (told && told.outcome !== 'absent') return told;
    const holder = await (owner ? ownerNow(iam, accessKeyId) : ownerOf(iam, accessKeyId));
    return holder && holder !== owner
      ? oneKey(iam, holder, { accessKeyId, keyStatus: null }, context)
      : { outcome: 'absent', userName: owner, keys: [] };
  },

  async prove({ accessKeyId }, result, { iam }): Promise<Output> {
    const { outcome, userName } = result;
    if (outcome !== 'deactivated' || !userName) return result;
    const now = (await keysOf(iam, userName)) ?? [];
    const keys = now.filter((key) => accessKeyId === null || key.accessKeyId === accessKeyId);
    const active = keys.filter(({ status }) => status === 'Active');
    if (active.length > 0) {
      const ids = active.map((key) => key.accessKeyId).join(', ');
      throw new NotProvenError(`${ids} of ${userName} is still active`);
    }
    return keys.length === 0 ? { ...result, outcome: 'absent', keys } : { ...result, keys };
  },

  undo: {
    before: Before,
    reads: { 'iam:ListAccessKeys': { on: users } },
    writes: update,
    async run({ userName, accessKeyId, status }, { iam }) {
      const key = (await keysOf(iam, userName))?.find((one) => one.accessKeyId === accessKeyId);
      if (!key) return { outcome: 'gone' };
      if (key.status === status) return { outcome: 'already-restored' };
      const done = await setStatus(iam, userName, { accessKeyId, status });
      return { outcome: done === 'done' ? 'restored' : 'gone' };
    },
  },
});

async function everyKey(
  iam: IAMClient,
  userName: UserName | null,
  context: StepContext,
): Promise<Output> {
  if (!userName) {
    throw new UnusableInputError(
      '$.input: expected an accessKeyId, or a userName for all its keys',
    );
  }
  return deactivate(iam, userName, (await keysOf(iam, userName)) ?? [], context);
}

/** One key of a user; its status is read first unless it is known to be active. */
async function oneKey(
  iam: IAMClient,
  userName: UserName,
  { accessKeyId, keyStatus }: { accessKeyId: AccessKeyId; keyStatus: Key['status'] | null },
  context: StepContext,
): Promise<Output> {
  const keys: readonly Key[] | undefined =
    keyStatus === 'Active' ? [{ accessKeyId, status: keyStatus }] : await keysOf(iam, userName);
  const asked = (keys ?? []).filter((key) => key.accessKeyId === accessKeyId);
  return deactivate(iam, userName, asked, context);
}

async function deactivate(
  iam: IAMClient,
  userName: UserName,
  keys: readonly Key[],
  { home, case: ref }: StepContext,
): Promise<Output> {
  const due = keys.filter(({ status }) => status === 'Active');
  await home.cases.recordBefore(
    ref,
    ...due.map(({ accessKeyId }) => ({
      step: 'deactivate-access-key',
      resource: `arn:aws:iam::${ref.account}:access-key/${accessKeyId}`,
      state: { userName, accessKeyId, status: 'Active' } satisfies z.infer<typeof Before>,
    })),
  );
  const after = due.map((key) => ({ ...key, status: 'Inactive' as const }));
  const answers = await sideBySide(after.map((key) => setStatus(iam, userName, key)));
  const gone = due.filter((_, n) => answers[n] === 'absent');
  const left = keys
    .filter((key) => !gone.includes(key))
    .map(({ accessKeyId }): Key => ({ accessKeyId, status: 'Inactive' }));
  if (left.length === 0) return { outcome: 'absent', userName, keys: left };
  const changed = due.length > gone.length;
  return { outcome: changed ? 'deactivated' : 'already-inactive', userName, keys: left };
}

/**
 * Who owns a key that its last known owner no longer has. For a key that is nobody's of this account
 * any more IAM's answer is a refusal, which here means what NoSuchEntity does.
 */
const ownerNow = (iam: IAMClient, accessKeyId: AccessKeyId): Promise<UserName | undefined> =>
  ownerOf(iam, accessKeyId).catch((error: unknown) => {
    if (error instanceof IAMServiceException && /^AccessDenied/.test(error.name)) return undefined;
    throw error;
  });

export const handler = toLambda(deactivateAccessKey);

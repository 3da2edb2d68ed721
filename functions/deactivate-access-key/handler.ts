import { IAMClient } from '@aws-sdk/client-iam';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { forbidsUser } from '../shared/guard-rails.ts';
import { AccessKeyId, UserName } from '../shared/ids.ts';
import { toLambda } from '../shared/lambda.ts';
import { defineStep, NotProvenError } from '../shared/step.ts';
import { UnusableInputError } from '../shared/unusable-input.ts';
import { Before, Deactivation, everyKey, oneKey, ownerNow } from './deactivate.ts';
import { KeyStatus, keysOf, ownerOf, setStatus } from './keys.ts';

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

const users = 'arn:aws:iam::*:user/*';
const update = { 'iam:UpdateAccessKey': { on: users, standIn: () => ({}) } };

/**
 * Deactivates one access key, or every key of a user: requests signed with it are refused.
 *
 * Of a named key nothing but the key is trusted: who owns it is what IAM says, and the owner's other
 * keys are left alone. A user renamed meanwhile is found again by the key. Every key of the user is
 * changed only when no key is named. An owner first found here passes the guard rails like any target;
 * one that must not be touched is a failure, for a human to hear of.
 *
 * It does not end sessions that the key has started (`revoke-user-sessions`, `revoke-role-sessions`)
 * and never deletes a key. A temporary key (ASIA…) cannot be deactivated at all.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys-admin-managed.html
 */
export const deactivateAccessKey = defineStep({
  name: 'deactivate-access-key',
  input,
  output: Deactivation,
  reads: { 'iam:GetAccessKeyLastUsed': { on: users }, 'iam:ListAccessKeys': { on: users } },
  writes: update,
  connect: (to) => ({ iam: new IAMClient(patient(to)) }),

  async run({ userName, accessKeyId, keyStatus, owner }, { iam }, context): Promise<Deactivation> {
    if (accessKeyId === null) return everyKey(iam, userName ?? owner, context);
    if (accessKeyId.startsWith('ASIA')) return { outcome: 'temporary', userName: null, keys: [] };

    const told = owner && (await oneKey(iam, owner, { accessKeyId, keyStatus }, context));
    if (told && told.outcome !== 'absent') return told;
    const holder = await (owner ? ownerNow(iam, accessKeyId) : ownerOf(iam, accessKeyId));
    if (!holder || holder === owner) return { outcome: 'absent', userName: owner, keys: [] };
    const forbids = forbidsUser(context.settings, holder);
    if (forbids) throw new UnusableInputError(`${accessKeyId} is ${holder}'s: ${forbids}`);
    return oneKey(iam, holder, { accessKeyId, keyStatus: null }, context);
  },

  async prove({ accessKeyId }, result, { iam }): Promise<Deactivation> {
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

export const handler = toLambda(deactivateAccessKey);

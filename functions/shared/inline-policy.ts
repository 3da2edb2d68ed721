import {
  DeleteRolePolicyCommand,
  DeleteUserPolicyCommand,
  GetRolePolicyCommand,
  GetUserPolicyCommand,
  type IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import type { RoleName, UserName } from './ids.ts';
import { unlessGone } from './unless-gone.ts';

/** One inline policy of a user or a role, which need not be there. */
export interface InlinePolicy {
  readonly name: string;
  /** The parsed document; undefined when there is no such policy, or nobody to have it. */
  read(): Promise<unknown>;
  /** Puts it in place of what it said. `absent`: there is no such user or role. */
  put(document: object): Promise<'put' | 'absent'>;
  remove(): Promise<void>;
}

export const userPolicy = (
  iam: IAMClient,
  UserName: UserName,
  PolicyName: string,
): InlinePolicy => ({
  name: PolicyName,
  read: async () => {
    const found = await unlessGone(iam.send(new GetUserPolicyCommand({ UserName, PolicyName })));
    return documentOf(found?.PolicyDocument);
  },
  put: async (document) => {
    const PolicyDocument = JSON.stringify(document);
    const put = new PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument });
    return (await unlessGone(iam.send(put))) ? 'put' : 'absent';
  },
  remove: async () => {
    await unlessGone(iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName })));
  },
});

export const rolePolicy = (
  iam: IAMClient,
  RoleName: RoleName,
  PolicyName: string,
): InlinePolicy => ({
  name: PolicyName,
  read: async () => {
    const found = await unlessGone(iam.send(new GetRolePolicyCommand({ RoleName, PolicyName })));
    return documentOf(found?.PolicyDocument);
  },
  put: async (document) => {
    const PolicyDocument = JSON.stringify(document);
    const put = new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument });
    return (await unlessGone(iam.send(put))) ? 'put' : 'absent';
  },
  remove: async () => {
    await unlessGone(iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName })));
  },
});

/** A policy document as IAM answers with it: JSON, percent-encoded (RFC 3986). */
export const documentOf = (encoded: string | undefined): unknown =>
  encoded === undefined ? undefined : JSON.parse(decodeURIComponent(encoded));

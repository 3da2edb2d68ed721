import {
  GetAccessKeyLastUsedCommand,
  type IAMClient,
  paginateListAccessKeys,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import * as z from 'zod';
import { AccessKeyId, UserName } from '../shared/ids.ts';
import { unlessGone } from '../shared/unless-gone.ts';

export const KeyStatus = z.enum(['Active', 'Inactive']);

/** An access key and whether requests signed with it are accepted. */
export const Key = z.object({ accessKeyId: AccessKeyId, status: KeyStatus });
export type Key = z.infer<typeof Key>;

/** The user's keys; undefined when there is no such user. */
export const keysOf = (iam: IAMClient, userName: UserName): Promise<Key[] | undefined> =>
  unlessGone(listKeys(iam, userName));

async function listKeys(iam: IAMClient, UserName: UserName): Promise<Key[]> {
  const keys: Key[] = [];
  for await (const page of paginateListAccessKeys({ client: iam }, { UserName })) {
    for (const { AccessKeyId: accessKeyId, Status: status } of page.AccessKeyMetadata ?? []) {
      keys.push(Key.parse({ accessKeyId, status }));
    }
  }
  return keys;
}

/** The user that IAM says the key belongs to; undefined when it knows no such key. */
export async function ownerOf(
  iam: IAMClient,
  accessKeyId: AccessKeyId,
): Promise<UserName | undefined> {
  const found = await unlessGone(
    iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: accessKeyId })),
  );
  return found && UserName.parse(found.UserName);
}

/** Sets a key's status. `absent`: the user has no such key, or is not there. */
export async function setStatus(
  iam: IAMClient,
  userName: UserName,
  { accessKeyId, status }: Key,
): Promise<'done' | 'absent'> {
  const update = { UserName: userName, AccessKeyId: accessKeyId, Status: status };
  return (await unlessGone(iam.send(new UpdateAccessKeyCommand(update)))) ? 'done' : 'absent';
}

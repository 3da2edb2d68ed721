import * as z from 'zod';
import { AccountId, Region } from '../../functions/shared/ids.ts';

export const AccountState = z.strictObject({ accountId: AccountId, region: Region });
export type AccountState = z.infer<typeof AccountState>;

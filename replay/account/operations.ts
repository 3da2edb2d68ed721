import type { AwsCall } from '../../functions/shared/step.ts';
import type { Operation } from './rehearsal-account.ts';

export const operations: Readonly<Record<AwsCall, Operation>> = {};

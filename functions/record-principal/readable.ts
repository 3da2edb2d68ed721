import { isRefused } from '../shared/iam-reads.ts';
import type { AwsCall } from '../shared/step.ts';
import { unlessGone } from '../shared/unless-gone.ts';

/** Stands in a record for what Cordon was not allowed to read. */
export const unreadable = 'unreadable';
export type Readable<T> = T | typeof unreadable;

/**
 * Reads of which one that is refused does not spoil the others: it is noted by its call, and what it
 * would have told is `unreadable`.
 */
export function sparingReads() {
  const refused = new Set<AwsCall>();
  return {
    refused,
    /** What a request tells; `otherwise` where IAM knows of nothing. */
    async read<T, const None>(
      call: AwsCall,
      request: Promise<T>,
      otherwise: None,
    ): Promise<Readable<T | None>> {
      try {
        return (await unlessGone(request)) ?? otherwise;
      } catch (error) {
        if (!isRefused(error)) throw error;
        refused.add(call);
        return unreadable;
      }
    },
  };
}
export type SparingReads = ReturnType<typeof sparingReads>;

/** A time as records keep it. */
export const timeOf = (time: Date | undefined): string | null => time?.toISOString() ?? null;

/** How many there are, where that could be read. */
export const countOf = (list: Readable<readonly unknown[]>): Readable<number> =>
  list === unreadable ? unreadable : list.length;

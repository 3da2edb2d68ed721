import {
  type CloudTrailClient,
  CloudTrailServiceException,
  type Event,
  type LookupAttribute,
  LookupEventsCommand,
} from '@aws-sdk/client-cloudtrail';
import type { Pace } from './pace.ts';

/** Days that CloudTrail's event history reaches back, which costs nothing and cannot be turned off. */
const days = 90;

export interface Window {
  readonly from: Date;
  readonly to: Date;
}

export const windowTo = (to: Date): Window => ({
  from: new Date(to.getTime() - days * 86_400_000),
  to,
});

/** What kept a Region from being looked through to the end; undefined when nothing did. */
type CutShort = { readonly by: 'time' } | { readonly by: 'refusal'; readonly error: Error };

/** Regions that an organisation's policy forbids, or that do not take these credentials. */
const refusals = new Set(['AccessDeniedException', 'UnrecognizedClientException']);

/**
 * Reads one Region's events of one key or name, newest first, all pages, each when its turn comes.
 *
 * A request that is one too many is sent again after a pause, as long as there is time: the rate is
 * the whole account's, and an intruder or a dashboard may be using it up.
 */
export async function lookUp(
  { cloudTrail, region, pace }: { cloudTrail: CloudTrailClient; region: string; pace: Pace },
  attribute: LookupAttribute,
  { from, to }: Window,
  onPage: (events: readonly Event[]) => void,
): Promise<CutShort | undefined> {
  let token: string | undefined;
  for (;;) {
    if (!(await pace.turn(region))) return { by: 'time' };
    try {
      const page = await cloudTrail.send(
        new LookupEventsCommand({
          LookupAttributes: [attribute],
          StartTime: from,
          EndTime: to,
          MaxResults: 50,
          ...(token && { NextToken: token }),
        }),
      );
      onPage(page.Events ?? []);
      token = page.NextToken;
      if (!token) return undefined;
    } catch (error) {
      if (!(error instanceof CloudTrailServiceException)) throw error;
      if (refusals.has(error.name)) return { by: 'refusal', error };
      if (error.name !== 'ThrottlingException') throw error;
      pace.holdOff(region);
    }
  }
}

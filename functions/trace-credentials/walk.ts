import type { CloudTrailClient, LookupAttribute } from '@aws-sdk/client-cloudtrail';
import type { RoleName, SessionName, UserName } from '../shared/ids.ts';
import type { ClientPerRegion, RegionName } from '../shared/regions.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import type { KeptTrace } from '../shared/trace.ts';
import { type Found, note } from './found.ts';
import { lookUp, type Window } from './look-up.ts';
import type { Pace } from './pace.ts';
import { type TrailEvent, trailEvent } from './trail-event.ts';

type TracedKey = KeptTrace['keys'][number];

/** What CloudTrail is asked for, and which of its answers are meant. */
interface Trail {
  readonly attribute: LookupAttribute;
  accepts(event: TrailEvent): boolean;
}

const ofKey = (accessKeyId: string): Trail => ({
  attribute: { AttributeKey: 'AccessKeyId', AttributeValue: accessKeyId },
  accepts: () => true,
});

/** CloudTrail calls by the name of a user whoever is called so: a role's session too. */
export const ofUser = (userName: UserName): Trail => ({
  attribute: { AttributeKey: 'Username', AttributeValue: userName },
  accepts: ({ record }) => {
    const { type, userName: name, sessionContext } = record?.userIdentity ?? {};
    if (type === 'FederatedUser') return sessionContext?.sessionIssuer?.userName === userName;
    return !record || (type === 'IAMUser' && name === userName);
  },
});

/** The events of a role's session go by the session's name, which other roles' sessions may share. */
export const ofRole = (roleName: RoleName, sessionName: SessionName | null): Trail => ({
  attribute: { AttributeKey: 'Username', AttributeValue: sessionName ?? roleName },
  accepts: ({ record }) =>
    !record || record.userIdentity?.sessionContext?.sessionIssuer?.userName === roleName,
});

interface Ground {
  readonly cloudTrail: ClientPerRegion<CloudTrailClient>;
  readonly regions: readonly RegionName[];
  readonly window: Window;
  readonly pace: Pace;
  readonly ownAccount: string;
  readonly most: { readonly depth: number; readonly keys: number; readonly events: number };
}

/**
 * Follows credentials breadth first, from the first ones to those they minted and on, Regions side
 * by side, adding to `found`; returns every key it looked up.
 *
 * No key is looked up twice, so a trail that leads back to itself ends.
 */
export async function walk(
  found: Found,
  first: { keys: readonly string[]; trails: readonly Trail[] },
  ground: Ground,
): Promise<TracedKey[]> {
  const known = new Map<string, TracedKey>();
  for (const accessKeyId of first.keys) {
    known.set(accessKeyId, { accessKeyId, depth: 0, mintedBy: null });
  }
  let trails = [...known.keys()].map(ofKey).concat(first.trails);
  const reached = new Set(ground.regions);
  for (let depth = 1; trails.length > 0 && reached.size > 0; depth++) {
    const minted = await lookEverywhere(found, trails, { ...ground, reached });
    const fresh = [...minted].filter(([accessKeyId]) => !known.has(accessKeyId));
    if (fresh.length > 0 && depth > ground.most.depth) {
      found.limits.add('depth');
      break;
    }
    const taken = fresh.slice(0, Math.max(0, ground.most.keys - known.size));
    if (taken.length < fresh.length) found.limits.add('keys');
    for (const [accessKeyId, mintedBy] of taken) {
      known.set(accessKeyId, { accessKeyId, depth, mintedBy });
    }
    trails = taken.map(([accessKeyId]) => ofKey(accessKeyId));
  }
  return [...known.values()];
}

type Everywhere = Ground & { readonly reached: Set<RegionName> };

/** Looks the trails up in every Region still within reach; the keys minted, by the minting event. */
async function lookEverywhere(
  found: Found,
  trails: readonly Trail[],
  ground: Everywhere,
): Promise<Map<string, string>> {
  const { reached } = ground;
  const refused: Error[] = [];
  const byRegion = await sideBySide(
    [...reached].map(async (region) => {
      const minted = new Map<string, string>();
      for (const trail of trails) {
        const cut = await lookIn(region, trail, { found, minted, ground });
        if (!cut) continue;
        reached.delete(region);
        found.limits.add(cut.by === 'time' ? 'time' : `refused in ${region}`);
        if (cut.by === 'refusal') refused.push(cut.error);
        break;
      }
      return minted;
    }),
  );
  // Refused everywhere, it is the step's own permission that is missing.
  if (found.pages === 0 && refused[0]) throw refused[0];
  // In the Regions' order, not that of their answers.
  return new Map(byRegion.flatMap((minted) => [...minted]));
}

function lookIn(
  region: RegionName,
  trail: Trail,
  on: { found: Found; minted: Map<string, string>; ground: Ground },
) {
  const { cloudTrail, pace, window, ownAccount, most } = on.ground;
  const at = { cloudTrail: cloudTrail.in(region), region, pace };
  return lookUp(at, trail.attribute, window, (events) => {
    on.found.pages++;
    for (const told of events) {
      const event = trailEvent(told, region);
      if (!trail.accepts(event)) continue;
      const key = note(on.found, event, { ownAccount, mostEvents: most.events });
      if (key && !on.minted.has(key)) on.minted.set(key, event.eventId);
    }
  });
}

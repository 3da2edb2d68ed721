import * as z from 'zod';
import type { Sequence } from './finding.ts';
import { AccountId, Region } from './ids.ts';
import { lenient } from './lenient.ts';

const word = (most: number) => lenient(z.string().trim().min(1).max(most));

// Lazy, since few findings are sequences, and no Lambda should start slower for them.
const Resource = z.lazy(() =>
  z.object({
    uid: z.string().trim().min(1).max(512),
    resourceType: z.string().trim().min(1).max(64),
    accountId: lenient(AccountId),
    region: lenient(Region),
    data: lenient(
      z.object({
        accessKey: lenient(
          z.object({ principalId: word(512), userName: word(128), userType: word(64) }),
        ),
      }),
    ),
  }),
);

const Actor = z.lazy(() =>
  z.object({
    user: z.object({
      name: word(128),
      uid: word(512),
      type: word(64),
      credentialUid: word(128),
      account: lenient(z.object({ uid: lenient(AccountId) })),
    }),
    session: lenient(z.object({ uid: word(512) })),
  }),
);

const Detection = z.lazy(() =>
  z.object({
    sequence: z.object({
      resources: z.array(z.unknown()).catch([]),
      actors: z.array(z.unknown()).catch([]),
    }),
  }),
);

/** A table's item holds 400 KB, and a finding is one. */
const mostKept = 200;

/**
 * Reads what an attack sequence ties together, from `service.detection` in EventBridge's spelling;
 * undefined where there is none.
 *
 * It normalises and judges nothing: what has no type or id is counted and left out, and so is what
 * is beyond the first 200. A resource that does not say where it is, is where the finding is.
 */
export function parseSequence(
  detection: unknown,
  place: { account: AccountId; region: Region },
): Sequence | undefined {
  const said = Detection.safeParse(detection).data?.sequence;
  if (!said) return undefined;
  const resources = said.resources.flatMap((one) => resourceOf(one, place)).slice(0, mostKept);
  const actors = said.actors.flatMap((one) => actorOf(one, place)).slice(0, mostKept);
  const stated = said.resources.length + said.actors.length;
  return { resources, actors, notKept: stated - resources.length - actors.length };
}

function resourceOf(
  one: unknown,
  place: { account: AccountId; region: Region },
): Sequence['resources'] {
  const { data: said } = Resource.safeParse(one);
  if (!said) return [];
  const { uid, resourceType, accountId: account = place.account, region = place.region } = said;
  const credentials = said.data?.accessKey;
  return [{ resourceType, uid, account, region, ...(credentials && { credentials }) }];
}

function actorOf(one: unknown, { account }: { account: AccountId }): Sequence['actors'] {
  const { data: said } = Actor.safeParse(one);
  if (!said) return [];
  const { name: userName, uid, type: userType, credentialUid: accessKeyId } = said.user;
  // Of a role's session, whichever of the two names it.
  const principalId = uid?.includes(':') ? uid : (said.session?.uid ?? uid);
  return [
    { accessKeyId, principalId, userName, userType, account: said.user.account?.uid ?? account },
  ];
}

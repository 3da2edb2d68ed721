import { forbidsUser } from '../shared/guard-rails.ts';
import type { Principal } from '../shared/principal.ts';
import type { Settings } from '../shared/settings.ts';
import { ownerDiffers } from './instructions.ts';
import type { askOwner, Known } from './key-owner.ts';
import type { LeftToHuman } from './target.ts';

interface Said {
  readonly principal: Principal;
  readonly said: Awaited<ReturnType<typeof askOwner>>;
  /** A sample's user and key are nobody's, and it goes through every step all the same. */
  readonly isSample: boolean;
}

/** The principal as AWS knows it. */
interface Judged {
  readonly principal: Principal;
  readonly known: Known;
  /** What the case says where a person is to look into it. */
  readonly told: { readonly reason: 'owner-differs'; readonly instructions: string } | null;
}

/**
 * Whether the user that IAM says a key belongs to may be acted on. The finding's own word is
 * corrected, and a person told: an intruder who can make findings name another must not choose whom
 * Cordon locks out.
 */
export function judgeOwner(settings: Settings, { principal, said, isSample }: Said) {
  const known = typeof said === 'string' && isSample ? { owner: null, keyStatus: null } : said;
  if (typeof known === 'string') return { reason: known } satisfies LeftToHuman;

  const owner = known.owner ?? principal.userName;
  const reason = owner ? forbidsUser(settings, owner) : undefined;
  if (reason) return { reason } satisfies LeftToHuman;

  const named = principal.userName;
  const differs = named && owner && owner !== named;
  return {
    principal: { ...principal, userName: owner },
    known,
    told: differs ? { reason: 'owner-differs', instructions: ownerDiffers(named, owner) } : null,
  } satisfies Judged;
}

import type { EC2Client } from '@aws-sdk/client-ec2';
import * as z from 'zod';
import type { StepContext } from '../shared/step.ts';
import { entriesOf, looksAs, removeEntry, resembles } from './network-acl.ts';
import { sharedEntries } from './shared-entries.ts';

/** A network ACL before the case's denials. The entries are for people: what to take out is known. */
export const networkAclBefore = z.strictObject({
  networkAclId: z.string().min(1),
  entries: z.array(z.record(z.string(), z.unknown())),
});

/**
 * Ends the case's need of its denials in one network ACL, and takes out those that no other case
 * needs, whoever's that have expired among them. One that somebody changed or moved to another number
 * is left alone; one that somebody took out is as it should be. The record of one that is taken out
 * ends with the look after that, which finds it gone: until then it is known whose it is.
 */
export function liftDenials(
  ec2: EC2Client,
  networkAclId: string,
  context: StepContext,
): Promise<'restored' | 'already-restored' | 'drifted' | 'gone'> {
  const shared = sharedEntries(context, networkAclId);
  const { caseId } = context.case;
  return shared.holding(async () => {
    const [ours, entries] = await Promise.all([shared.list(), entriesOf(ec2, networkAclId)]);
    let outcome: 'restored' | 'already-restored' | 'drifted' = 'already-restored';
    for (const { denial, uses } of ours) {
      const mine = uses.some((use) => use.caseId === caseId);
      const over = uses.filter((use) => use.caseId === caseId || use.expired);
      const needed = over.length < uses.length;
      if (needed && !mine) continue;
      const there = entries?.some(looksAs(denial)) ?? false;
      if (mine && there && outcome !== 'drifted') outcome = 'restored';
      if (mine && !there && entries?.some(resembles(denial))) outcome = 'drifted';
      if (there && !needed) {
        await removeEntry(ec2, networkAclId, denial);
        continue;
      }
      for (const use of needed ? [{ caseId }] : over) await shared.end(denial, use.caseId);
    }
    return entries ? outcome : 'gone';
  });
}

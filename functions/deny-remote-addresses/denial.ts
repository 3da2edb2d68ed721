import {
  CreateNetworkAclEntryCommand,
  type EC2Client,
  EC2ServiceException,
  type NetworkAclEntry,
} from '@aws-sdk/client-ec2';
import type { StepContext } from '../shared/step.ts';
import { onlyThis } from './address.ts';
import {
  type Denial,
  entriesOf,
  entryOf,
  looksAs,
  nameOf,
  removeEntry,
  type Standing,
  standingOf,
} from './network-acl.ts';
import { type SharedEntries, type SharedEntry, sharedEntries } from './shared-entries.ts';

/** What came of one address in one direction of one network ACL. */
export interface Ruling {
  readonly address: string;
  readonly verdict: 'denied' | 'already-denied' | 'acl-full' | 'no-number-free' | 'not-owner';
}

interface Plan {
  readonly address: string;
  readonly standing: Standing;
}

/** What the work on one network ACL is done with. */
interface Acl {
  readonly ec2: EC2Client;
  readonly networkAclId: string;
  readonly shared: SharedEntries;
  readonly context: StepContext;
}

/**
 * Denies the addresses in one network ACL, in both directions, and takes out of it what has expired.
 *
 * The ACL is held meanwhile, so no two cases plan on the same entries; somebody else may still take
 * a number between the look and the change, and then it looks again, five times at most.
 */
export async function denyIn(
  ec2: EC2Client,
  networkAclId: string,
  addresses: readonly string[],
  context: StepContext,
): Promise<Ruling[]> {
  const shared = sharedEntries(context, networkAclId);
  const acl = { ec2, networkAclId, shared, context };
  return shared.holding(async () => {
    const tried = new Set<string>();
    for (let look = 0; look < 5; look++) {
      const ours = await shared.list();
      if (addresses.length === 0 && ours.length === 0) return [];
      const found = await entriesOf(ec2, networkAclId);
      if (!found) throw new Error(`${networkAclId} is gone`);
      const entries = await tidy(acl, ours, found, addresses);
      const plans = planFor(entries, addresses);
      await putOnRecord(acl, ours, entries, plans);
      const rulings = await carryOut(acl, plans, tried);
      if (rulings) return rulings;
    }
    throw new Error(`somebody keeps taking the free rule numbers of ${networkAclId}`);
  });
}

/**
 * Takes out entries that no case needs any more, and forgets uses of entries that are not there.
 * Returns the entries that are left.
 */
async function tidy(
  { ec2, networkAclId, shared, context }: Acl,
  ours: readonly SharedEntry[],
  found: readonly NetworkAclEntry[],
  addresses: readonly string[],
): Promise<NetworkAclEntry[]> {
  const wanted = addresses.map(onlyThis);
  let entries = [...found];
  for (const { denial, uses } of ours) {
    const isIt = looksAs(denial);
    const there = entries.some(isIt);
    const expired = uses.every((use) => use.expired);
    if (there && (!expired || wanted.includes(denial.cidr))) continue;
    if (there) await removeEntry(ec2, networkAclId, denial);
    entries = entries.filter((entry) => !isIt(entry));
    const over = uses.filter((use) => use.expired || use.caseId === context.case.caseId);
    await Promise.all(over.map(({ caseId }) => shared.end(denial, caseId)));
  }
  return entries;
}

/** How each address stands in each direction, once the plans before it are carried out. */
function planFor(entries: readonly NetworkAclEntry[], addresses: readonly string[]): Plan[] {
  const planned = [...entries];
  return addresses.flatMap((address) =>
    [true, false].map((egress) => {
      const standing = standingOf(planned, egress, address);
      if (standing.is === 'admitted') planned.push(entryOf(standing.denyBy));
      return { address, standing };
    }),
  );
}

/** Records the ACL as it was, and that this case needs each denial that is or will be Cordon's. */
async function putOnRecord(
  { networkAclId, shared, context }: Acl,
  ours: readonly SharedEntry[],
  entries: readonly NetworkAclEntry[],
  plans: readonly Plan[],
): Promise<void> {
  const names = ours.map(({ name }) => name);
  const needed = plans.flatMap(({ standing }) => {
    if (standing.is === 'admitted') return [standing.denyBy];
    if (standing.is !== 'denied' || !standing.entry) return [];
    // An equal entry that Cordon did not make is somebody's own, and stays theirs.
    return names.includes(nameOf(standing.entry)) ? [standing.entry] : [];
  });
  if (needed.length === 0) return;
  await Promise.all([
    context.home.cases.recordBefore(context.case, {
      step: 'deny-remote-addresses',
      resource: networkAclId,
      state: { networkAclId, entries },
    }),
    ...needed.map((denial) => shared.use(denial)),
  ]);
}

/** Makes the planned entries, one after the other; undefined when a number was taken meanwhile. */
async function carryOut(
  acl: Acl,
  plans: readonly Plan[],
  tried: Set<string>,
): Promise<Ruling[] | undefined> {
  const rulings: Ruling[] = [];
  for (const { address, standing } of plans) {
    if (standing.is === 'denied') {
      // The entry may be this run's own, made by a request whose answer was lost.
      const made = standing.entry && tried.has(nameOf(standing.entry));
      rulings.push({ address, verdict: made ? 'denied' : 'already-denied' });
    } else if (standing.is === 'admitted') {
      tried.add(nameOf(standing.denyBy));
      const verdict = await add(acl, standing.denyBy);
      if (verdict === 'number-taken') return undefined;
      rulings.push({ address, verdict });
    } else {
      rulings.push({ address, verdict: standing.is });
    }
  }
  return rulings;
}

async function add({ ec2, networkAclId, shared, context }: Acl, denial: Denial) {
  try {
    const entry = { NetworkAclId: networkAclId, ...entryOf(denial) };
    await ec2.send(new CreateNetworkAclEntryCommand(entry));
    return 'denied';
  } catch (error) {
    if (!(error instanceof EC2ServiceException)) throw error;
    if (error.name === 'NetworkAclEntryAlreadyExists') return 'number-taken';
    if (error.name !== 'NetworkAclEntryLimitExceeded') throw error;
    await shared.end(denial, context.case.caseId);
    return 'acl-full';
  }
}

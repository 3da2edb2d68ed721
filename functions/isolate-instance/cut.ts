import type { EC2Client } from '@aws-sdk/client-ec2';
import type { VpcId } from '../shared/ids.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import type { StepContext } from '../shared/step.ts';
import { recordGroups } from './before.ts';
import { carriesOnly, type NetworkInterface, putInto } from './interfaces.ts';
import { type Chosen, choose, type Grounds, type Kind, survey } from './isolation-groups.ts';

/** What became of the interfaces that may be changed. */
export interface Cut extends Chosen {
  readonly inGroup: readonly NetworkInterface[];
  readonly refused: readonly NetworkInterface[];
  /** Whether anything had to be changed at all. */
  readonly changed: boolean;
}

/**
 * Puts every interface into its VPC's group, having recorded which groups it carried.
 *
 * The record is written while the groups are read, so that it delays nothing. An interface that is
 * already in a group of ours is not recorded: its state before is an earlier run's to know.
 */
export async function cut(
  ec2: EC2Client,
  interfaces: readonly NetworkInterface[],
  { asked, seen, hints }: { asked: Kind; seen: Grounds; hints: readonly VpcId[] },
  context: StepContext,
): Promise<Cut> {
  const missing = interfaces.map(({ VpcId }) => VpcId).filter((vpcId) => !hints.includes(vpcId));
  const prepare = async () => {
    const more = await survey(ec2, [...new Set(missing)], asked, context);
    const grounds = {
      groups: [...seen.groups, ...more.groups],
      endpoints: [...seen.endpoints, ...more.endpoints],
    };
    return { grounds, chosen: await choose(ec2, interfaces, asked, grounds, context) };
  };
  const [{ grounds, chosen }] = await sideBySide([
    prepare(),
    recordGroups(notYetOurs(interfaces, context), context),
  ]);
  await recordGroups(falselyNamed(interfaces, grounds, context), context);

  const due = interfaces.filter((eni) => !carriesOnly(eni, chosen.groupIds.get(eni.VpcId)));
  const answers = await sideBySide(
    due.flatMap((eni) => {
      const groupId = chosen.groupIds.get(eni.VpcId);
      return groupId ? putInto(ec2, eni.NetworkInterfaceId, groupId) : [];
    }),
  );
  const refused = due.filter((_, i) => answers[i] === 'refused');
  return {
    ...chosen,
    inGroup: interfaces.filter((eni) => !refused.includes(eni)),
    refused,
    changed: chosen.changed || due.length > refused.length,
  };
}

/** Interfaces that do not, by name, carry one of the isolation groups alone. */
const notYetOurs = (
  interfaces: readonly NetworkInterface[],
  { settings }: StepContext,
): NetworkInterface[] => {
  const names = Object.values(settings.isolation);
  return interfaces.filter(
    ({ Groups }) => Groups.length !== 1 || !names.includes(Groups[0]?.GroupName ?? ''),
  );
};

/** Interfaces in a group that bears the name and is not the one of this account in this VPC. */
function falselyNamed(
  interfaces: readonly NetworkInterface[],
  { groups }: Grounds,
  context: StepContext,
): NetworkInterface[] {
  const byName = notYetOurs(interfaces, context);
  const isOurs = (eni: NetworkInterface) =>
    groups.some(
      ({ GroupId, VpcId, OwnerId }) =>
        VpcId === eni.VpcId && OwnerId === context.case.account && carriesOnly(eni, GroupId),
    );
  return interfaces.filter((eni) => !byName.includes(eni) && !isOurs(eni));
}

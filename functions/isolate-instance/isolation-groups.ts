import type { EC2Client, SecurityGroup, VpcEndpoint } from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { SecurityGroupId, type VpcId } from '../shared/ids.ts';
import { sideBySide } from '../shared/side-by-side.ts';
import type { StepContext } from '../shared/step.ts';
import { carriesOnly, type NetworkInterface } from './interfaces.ts';
import { readyNoRulesGroup } from './no-rules-group.ts';
import { named, securityGroups } from './security-groups.ts';
import { ssmEndpoints, whyUnprepared } from './ssm-only-group.ts';

/** Which of the two groups: none may talk to anyone, or to Systems Manager's endpoints alone. */
export const Kind = z.enum(['no-rules', 'ssm-only']);
export type Kind = z.infer<typeof Kind>;

/** Why `no-rules` was used though `ssm-only` was asked for. */
export const Reason = z.enum([
  'no-endpoint',
  'group-not-prepared',
  'group-not-trusted',
  'already-no-rules',
]);

/** What is there in some VPCs of both groups and, where it matters, of Systems Manager's endpoints. */
export interface Grounds {
  readonly groups: readonly SecurityGroup[];
  readonly endpoints: readonly VpcEndpoint[];
}

export async function survey(
  ec2: EC2Client,
  vpcIds: readonly VpcId[],
  asked: Kind,
  { settings, case: ref }: StepContext,
): Promise<Grounds> {
  if (vpcIds.length === 0) return { groups: [], endpoints: [] };
  const names = Object.values(settings.isolation);
  const [groups, endpoints] = await sideBySide([
    securityGroups(ec2, { 'vpc-id': vpcIds, 'group-name': names }),
    asked === 'ssm-only' ? ssmEndpoints(ec2, vpcIds, ref.region) : [],
  ]);
  return { groups, endpoints };
}

/** The groups to put interfaces into, by VPC, all of one kind. */
export interface Chosen {
  readonly kind: Kind;
  readonly reason: z.infer<typeof Reason> | null;
  readonly groupIds: ReadonlyMap<VpcId, SecurityGroupId>;
  /** Whether this run made or emptied a group. */
  readonly changed: boolean;
}

/** Chooses the kind and sees to it that each VPC of the interfaces has its group of that kind. */
export async function choose(
  ec2: EC2Client,
  interfaces: readonly NetworkInterface[],
  asked: Kind,
  { groups, endpoints }: Grounds,
  context: StepContext,
): Promise<Chosen> {
  const { noRulesGroup, ssmOnlyGroup } = context.settings.isolation;
  const inVpc = (vpcId: VpcId, name: string) =>
    named(groups, { vpcId, name, owner: context.case.account });
  const vpcIds = [...new Set(interfaces.map(({ VpcId }) => VpcId))];

  const reason = await (async () => {
    if (asked === 'no-rules' || vpcIds.length === 0) return null;
    // What is cut off stays cut off: the wider group is no way back.
    const isCut = (eni: NetworkInterface) =>
      carriesOnly(eni, inVpc(eni.VpcId, noRulesGroup)?.GroupId);
    if (interfaces.some(isCut)) return 'already-no-rules' as const;
    const preparations = vpcIds.map((vpcId) => ({
      vpcId,
      group: inVpc(vpcId, ssmOnlyGroup),
      endpoints: endpoints.filter(({ VpcId }) => VpcId === vpcId),
    }));
    return whyUnprepared(ec2, preparations);
  })();

  if (asked === 'ssm-only' && !reason) {
    const groupIds = new Map(
      vpcIds.map((vpcId) => [vpcId, SecurityGroupId.parse(inVpc(vpcId, ssmOnlyGroup)?.GroupId)]),
    );
    return { kind: asked, reason, groupIds, changed: false };
  }
  const ready = await sideBySide(
    vpcIds.map(async (vpcId) => {
      const group = await readyNoRulesGroup(ec2, vpcId, inVpc(vpcId, noRulesGroup), context);
      return { vpcId, ...group };
    }),
  );
  return {
    kind: 'no-rules',
    reason,
    groupIds: new Map(ready.map(({ vpcId, groupId }) => [vpcId, groupId])),
    changed: ready.some(({ changed }) => changed),
  };
}

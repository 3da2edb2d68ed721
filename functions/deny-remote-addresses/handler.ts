import { EC2Client, type Instance } from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { InstanceId } from '../shared/ids.ts';
import { describeInstance } from '../shared/instance.ts';
import { toLambda } from '../shared/lambda.ts';
import { defineStep, NotProvenError } from '../shared/step.ts';
import { denyInEverySubnet } from './every-subnet.ts';
import { aclsOf, standingOf } from './network-acl.ts';
import { ownNetwork } from './own-network.ts';
import { addressesOf, harmless, namedByThreatList } from './sift.ts';
import { liftDenials, networkAclBefore } from './undo.ts';

const input = z.strictObject({ instanceId: InstanceId });

const output = z.object({
  outcome: z.enum([
    'off',
    'nothing-to-deny',
    'denied',
    'already-denied',
    'partly-denied',
    'acl-full',
    'no-number-free',
    'not-owner',
    'instance-gone',
  ]),
  /** Denied in both directions in every network ACL of the account's that guards the instance. */
  addresses: z.array(z.string()),
  /** Every address the case's findings name. */
  considered: z.array(z.string()),
  /** Why an address was left alone, or is not denied everywhere. */
  refused: z.array(z.object({ address: z.string(), reason: z.string() })),
  /** How many additions of findings to the case this run has seen. */
  counted: z.int(),
});
type Denials = z.infer<typeof output>;

const networkAcls = 'arn:aws:ec2:*:*:network-acl/*';
const removal = { 'ec2:DeleteNetworkAclEntry': { on: networkAcls, standIn: () => ({}) } };
// Describe calls support no resource: service authorization reference of EC2.
const readAcls = { 'ec2:DescribeNetworkAcls': { on: '*' } };

/**
 * Denies the hostile addresses the instance connected to, in the network ACLs of its subnets.
 *
 * A change of security groups leaves tracked connections open; a network ACL cuts them at once. It
 * does so for the whole subnet, so this is off by default and denies single addresses only, that a
 * threat list names and that are nobody's of ours. Entries come before the rules that would let the
 * address in or out, are shared between cases and expire; an expired one is taken out when a later
 * run passes. Traffic within the subnet never meets its network ACL.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
 */
export const denyRemoteAddresses = defineStep({
  name: 'deny-remote-addresses',
  input,
  output,
  reads: {
    ...readAcls,
    'ec2:DescribeInstances': { on: '*' },
    'ec2:DescribeVpcs': { on: '*' },
    'ec2:DescribeAddresses': { on: '*' },
    'ec2:DescribeNetworkInterfaces': { on: '*' },
  },
  writes: {
    'ec2:CreateNetworkAclEntry': { on: networkAcls, standIn: () => ({}) },
    ...removal,
  },
  connect: (to) => ({ ec2: new EC2Client(patient(to)) }),

  async run({ instanceId }, { ec2 }, context): Promise<Denials> {
    const { settings, home, case: ref } = context;
    const none = { addresses: [], considered: [], refused: [], counted: 0 };
    if (!settings.denyRemoteAddresses.enabled) return { ...none, outcome: 'off' };

    const [{ counted, findings }, instance] = await Promise.all([
      home.cases.findings(ref),
      describeInstance(ec2, instanceId),
    ]);
    const considered = addressesOf(findings);
    const { subnetIds, vpcIds } = networksOf(instance);
    if (subnetIds.length === 0) return { ...none, outcome: 'instance-gone', considered, counted };

    const named = namedByThreatList(findings, considered);
    const [own, acls] = await Promise.all([
      ownNetwork(ec2, vpcIds, named.wanted),
      aclsOf(ec2, subnetIds, ref.account),
    ]);
    const chosen = harmless(named.wanted, own, settings.denyRemoteAddresses);
    const subnets = { subnetIds, acls, wanted: chosen.wanted };
    const { outcome, denied, missed } = await denyInEverySubnet(ec2, subnets, context);
    return {
      outcome,
      addresses: denied,
      considered,
      refused: [...named.refused, ...chosen.refused, ...missed],
      counted,
    };
  },

  async prove({ instanceId }, result, { ec2 }, { case: ref }) {
    if (result.addresses.length === 0) return result;
    const instance = await describeInstance(ec2, instanceId);
    const { subnetIds } = networksOf(instance);
    if (subnetIds.length === 0) return result;
    for (const { networkAclId, entries } of await aclsOf(ec2, subnetIds, ref.account)) {
      const open = result.addresses.filter((address) =>
        [true, false].some((egress) => standingOf(entries, egress, address).is !== 'denied'),
      );
      if (open.length > 0) throw new NotProvenError(`${networkAclId} admits ${open.join(', ')}`);
    }
    return result;
  },

  undo: {
    before: networkAclBefore,
    reads: readAcls,
    writes: removal,
    run: async ({ networkAclId }, { ec2 }, context) => ({
      outcome: await liftDenials(ec2, networkAclId, context),
    }),
  },
});

/** Where the instance is. Nowhere, once it shuts down: its traffic then ends by itself. */
function networksOf(instance: Instance | undefined) {
  const { State, NetworkInterfaces = [] } = instance ?? {};
  const here = State?.Name === 'shutting-down' ? [] : NetworkInterfaces;
  return {
    subnetIds: [...new Set(here.flatMap(({ SubnetId }) => SubnetId ?? []))],
    vpcIds: [...new Set(here.flatMap(({ VpcId }) => VpcId ?? []))],
  };
}

export const handler = toLambda(denyRemoteAddresses);

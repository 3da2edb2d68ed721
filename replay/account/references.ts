import type * as z from 'zod';
import type { Stated } from './state.ts';

type Path = readonly (string | number)[];
type Refuse = (path: Path, message: string) => void;

/** The sections whose items are named elsewhere or must not be there twice, by what names them. */
const idFields = {
  vpcs: 'vpcId',
  subnets: 'subnetId',
  securityGroups: 'groupId',
  networkInterfaces: 'networkInterfaceId',
  instances: 'instanceId',
  volumes: 'volumeId',
  snapshots: 'snapshotId',
  networkAcls: 'networkAclId',
  vpcEndpoints: 'vpcEndpointId',
  addresses: 'allocationId',
  autoScalingGroups: 'name',
  targetGroups: 'arn',
  classicLoadBalancers: 'name',
} as const;
type Section = keyof typeof idFields;

/** Refuses an id or name that is there twice, and one that names what is not there. */
export function refuseDangling(account: Stated, context: z.RefinementCtx): void {
  const refuse: Refuse = (path, message) =>
    context.addIssue({ code: 'custom', path: [...path], message });
  const known = new Map<Section, ReadonlySet<unknown>>();
  // Object.keys forgets that the keys are the sections' own.
  for (const section of Object.keys(idFields) as Section[]) {
    const ids = account[section].map((item: object) => Reflect.get(item, idFields[section]));
    ids.forEach((id, n) => {
      if (ids.indexOf(id) < n) refuse([section, n, idFields[section]], `${id} is there twice`);
    });
    known.set(section, new Set(ids));
  }
  for (const [section, named, path] of references(account)) {
    if (named !== undefined && !known.get(section)?.has(named)) {
      refuse(path, `names ${named}, which is not in ${section}`);
    }
  }
  refuseForeignGroups(account, refuse);
  refuseSharedDevices(account, refuse);
}

/** A name, where it stands, and the section that must have it. */
type Reference = readonly [section: Section, named: string | undefined, path: Path];

const references = (account: Stated): Reference[] => [
  ...from(account, 'subnets', ({ vpcId, networkAclId }) => [
    ['vpcs', vpcId, ['vpcId']],
    ['networkAcls', networkAclId, ['networkAclId']],
  ]),
  ...from(account, 'securityGroups', ({ vpcId }) => [['vpcs', vpcId, ['vpcId']]]),
  ...from(account, 'networkAcls', ({ vpcId }) => [['vpcs', vpcId, ['vpcId']]]),
  ...from(account, 'vpcEndpoints', ({ vpcId, groups, subnetIds }) => [
    ['vpcs', vpcId, ['vpcId']],
    ...listed('securityGroups', groups, 'groups'),
    ...listed('subnets', subnetIds, 'subnetIds'),
  ]),
  ...from(account, 'networkInterfaces', ({ subnetId, groups, attachment }) => [
    ['subnets', subnetId, ['subnetId']],
    ['instances', attachment?.instanceId, ['attachment', 'instanceId']],
    ...listed('securityGroups', groups, 'groups'),
  ]),
  ...from(account, 'instances', ({ subnetId }) => [['subnets', subnetId, ['subnetId']]]),
  ...from(account, 'addresses', ({ networkInterfaceId }) => [
    ['networkInterfaces', networkInterfaceId, ['networkInterfaceId']],
  ]),
  ...from(account, 'autoScalingGroups', ({ targetGroupArns, loadBalancerNames }) => [
    ...listed('targetGroups', targetGroupArns, 'targetGroupArns'),
    ...listed('classicLoadBalancers', loadBalancerNames, 'loadBalancerNames'),
  ]),
];

/** What the items of one section name, with paths from the account. */
const from = <S extends Section>(
  account: Stated,
  section: S,
  namedBy: (item: Stated[S][number]) => readonly Reference[],
): Reference[] =>
  account[section].flatMap((item, n) =>
    namedBy(item).map(([among, named, path]) => [among, named, [section, n, ...path]] as const),
  );

const listed = (section: Section, names: readonly string[], field: string): Reference[] =>
  names.map((name, n) => [section, name, [field, n]]);

/** A security group works only in its own VPC. */
function refuseForeignGroups(account: Stated, refuse: Refuse): void {
  const vpcOfSubnet = new Map(account.subnets.map(({ subnetId, vpcId }) => [subnetId, vpcId]));
  const vpcOfGroup = new Map(account.securityGroups.map(({ groupId, vpcId }) => [groupId, vpcId]));
  account.networkInterfaces.forEach(({ subnetId, groups }, n) => {
    const vpcId = vpcOfSubnet.get(subnetId);
    groups.forEach((groupId, g) => {
      const other = vpcOfGroup.get(groupId);
      if (vpcId && other && other !== vpcId) {
        refuse(['networkInterfaces', n, 'groups', g], `${groupId} is not of ${vpcId}`);
      }
    });
  });
}

/** A volume is attached once, and a device name holds one volume. */
function refuseSharedDevices({ instances }: Stated, refuse: Refuse): void {
  const attached = new Set<string>();
  instances.forEach(({ blockDevices }, n) => {
    const names = new Set<string>();
    blockDevices.forEach(({ volumeId, deviceName }, d) => {
      const at = ['instances', n, 'blockDevices', d];
      if (attached.has(volumeId)) refuse([...at, 'volumeId'], `${volumeId} is attached twice`);
      if (names.has(deviceName)) refuse([...at, 'deviceName'], `${deviceName} is there twice`);
      attached.add(volumeId);
      names.add(deviceName);
    });
  });
}

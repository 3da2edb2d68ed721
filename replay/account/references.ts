import type * as z from 'zod';
import type { Stated } from './state.ts';

type Path = (string | number)[];

/** Refuses an id or name that is there twice, and one that names what is not there. */
export function refuseDangling(account: Stated, context: z.RefinementCtx): void {
  const refuse = (path: Path, message: string) =>
    context.addIssue({ code: 'custom', path, message });
  const vpcs = known(account, 'vpcs', 'vpcId', refuse);
  const subnets = known(account, 'subnets', 'subnetId', refuse);
  const groups = known(account, 'securityGroups', 'groupId', refuse);
  const interfaces = known(account, 'networkInterfaces', 'networkInterfaceId', refuse);
  const instances = known(account, 'instances', 'instanceId', refuse);
  known(account, 'volumes', 'volumeId', refuse);
  known(account, 'snapshots', 'snapshotId', refuse);
  const acls = known(account, 'networkAcls', 'networkAclId', refuse);
  known(account, 'vpcEndpoints', 'vpcEndpointId', refuse);
  known(account, 'addresses', 'allocationId', refuse);
  known(account, 'autoScalingGroups', 'name', refuse);
  const targetGroups = known(account, 'targetGroups', 'arn', refuse);
  const loadBalancers = known(account, 'classicLoadBalancers', 'name', refuse);

  /** Each reference: where it stands, what it names, and where that must be found. */
  const check = (among: Known, ...references: readonly (readonly [string | undefined, Path])[]) => {
    for (const [named, path] of references) {
      if (named !== undefined && !among.ids.has(named)) {
        refuse(path, `names ${named}, which is not in ${among.section}`);
      }
    }
  };
  for (const section of ['subnets', 'securityGroups', 'networkAcls', 'vpcEndpoints'] as const) {
    account[section].forEach(({ vpcId }, n) => {
      check(vpcs, [vpcId, [section, n, 'vpcId']]);
    });
  }
  account.subnets.forEach(({ networkAclId }, n) => {
    check(acls, [networkAclId, ['subnets', n, 'networkAclId']]);
  });
  account.networkInterfaces.forEach((eni, n) => {
    const at = (...rest: Path) => ['networkInterfaces', n, ...rest];
    check(subnets, [eni.subnetId, at('subnetId')]);
    check(instances, [eni.attachment?.instanceId, at('attachment', 'instanceId')]);
    check(groups, ...eni.groups.map((id, g) => [id, at('groups', g)] as const));
    refuseForeignGroups(account, n, refuse);
  });
  account.instances.forEach(({ subnetId }, n) => {
    check(subnets, [subnetId, ['instances', n, 'subnetId']]);
  });
  account.vpcEndpoints.forEach((endpoint, n) => {
    const at = (...rest: Path) => ['vpcEndpoints', n, ...rest];
    check(groups, ...endpoint.groups.map((id, g) => [id, at('groups', g)] as const));
    check(subnets, ...endpoint.subnetIds.map((id, s) => [id, at('subnetIds', s)] as const));
  });
  account.addresses.forEach(({ networkInterfaceId }, n) => {
    check(interfaces, [networkInterfaceId, ['addresses', n, 'networkInterfaceId']]);
  });
  account.autoScalingGroups.forEach((group, n) => {
    const at = (...rest: Path) => ['autoScalingGroups', n, ...rest];
    check(
      targetGroups,
      ...group.targetGroupArns.map((arn, t) => [arn, at('targetGroupArns', t)] as const),
    );
    check(
      loadBalancers,
      ...group.loadBalancerNames.map((lb, l) => [lb, at('loadBalancerNames', l)] as const),
    );
  });
  refuseSharedDevices(account, refuse);
}

interface Known {
  readonly section: string;
  readonly ids: ReadonlySet<string>;
}

function known<Section extends SectionOf<Key>, Key extends string>(
  account: { readonly [S in Section]: readonly { readonly [K in Key]: string }[] },
  section: Section,
  key: Key,
  refuse: (path: Path, message: string) => void,
): Known {
  const ids = new Set<string>();
  account[section].forEach(({ [key]: id }, n) => {
    if (ids.has(id)) refuse([section, n, key], `${id} is there twice`);
    ids.add(id);
  });
  return { section, ids };
}
type SectionOf<Key extends string> = {
  [S in keyof Stated]: Stated[S] extends readonly { readonly [K in Key]: string }[] ? S : never;
}[keyof Stated] &
  string;

/** A security group works only in its own VPC. */
function refuseForeignGroups(
  account: Stated,
  n: number,
  refuse: (path: Path, message: string) => void,
): void {
  const eni = account.networkInterfaces[n];
  const vpcId = account.subnets.find(({ subnetId }) => subnetId === eni?.subnetId)?.vpcId;
  eni?.groups.forEach((groupId, g) => {
    const group = account.securityGroups.find((candidate) => candidate.groupId === groupId);
    if (vpcId && group && group.vpcId !== vpcId) {
      refuse(['networkInterfaces', n, 'groups', g], `${groupId} is not of ${vpcId}`);
    }
  });
}

/** A volume is attached once, and a device name holds one volume. */
function refuseSharedDevices(
  { instances }: Stated,
  refuse: (path: Path, message: string) => void,
): void {
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

import { isDeepStrictEqual } from 'node:util';
import type { AccountState } from '../../replay/account/state.ts';

/** What a release leaves on purpose, each with its reason. */
export const declared = {
  evidence:
    'snapshots, the volume that memory was captured to, the command and the queries that made evidence: released is not forgotten',
  'isolation-group':
    'the group without rules stays in its VPC, and without the rules that a stranger had given one of its name: it lets nothing through, and the next case finds it',
  'replacement-instance':
    'an Auto Scaling group launched it when the member left; it serves, and the group is one larger once the member is back',
  'inactive-key': 'a leaked key stays inactive unless it is named: it is better replaced',
  'replaced-key':
    'IAM gives no deleted key back, and an application may sign with the one in its place',
  'unexpired-denial': 'a stolen session may be valid for 12 or 36 hours; its denial stays so long',
  'health-not-known-yet': 'a target that is registered again is healthy once it was checked',
  'tag-of-auto-scaling': 'Auto Scaling tags what joins a group',
} as const;
type Declared = keyof typeof declared;

/** The differences between two states that nothing declares, and which declarations were needed. */
export function afterRelease(before: AccountState, after: AccountState) {
  const because = new Set<Declared>();
  const was = structuredClone(before);
  const is = structuredClone(after);
  for (const [why, take] of Object.entries(takingAway)) {
    const [untouched, old] = [structuredClone(is), structuredClone(was)];
    take(is, was, before);
    if (!isDeepStrictEqual(untouched, is) || !isDeepStrictEqual(old, was)) {
      because.add(why as Declared);
    }
  }
  return { left: differences(inOrder(was), inOrder(is), ''), because };
}

type Take = (is: AccountState, was: AccountState, before: AccountState) => void;

const notIn = <T>(some: readonly T[], idOf: (one: T) => string) => {
  const known = new Set(some.map(idOf));
  return (one: T) => !known.has(idOf(one));
};

const isEmptied = ({ groupName, rules }: AccountState['securityGroups'][number]) =>
  groupName === 'cordon-no-rules' && rules.length === 0;

const takingAway: Readonly<Record<Declared, Take>> = {
  evidence(is, was) {
    const isNew = notIn(was.snapshots, ({ snapshotId }) => snapshotId);
    is.snapshots = is.snapshots.filter((one) => !(isNew(one) && one.tags['cordon:case']));
    const memory = is.volumes.filter(({ tags }) => tags['cordon:role'] === 'memory');
    const ids: readonly string[] = memory.map(({ volumeId }) => volumeId);
    is.volumes = is.volumes.filter(({ volumeId }) => !ids.includes(volumeId));
    for (const instance of is.instances) {
      instance.blockDevices = instance.blockDevices.filter(
        ({ volumeId }) => !ids.includes(volumeId),
      );
    }
    is.ssm.commands = was.ssm.commands;
    is.logs.started = was.logs.started;
    is.cloudTrail.looks = was.cloudTrail.looks;
  },
  'isolation-group'(is, was) {
    const isNew = notIn(was.securityGroups, ({ groupId }) => groupId);
    is.securityGroups = is.securityGroups.filter((one) => !(isNew(one) && isEmptied(one)));
    for (const group of is.securityGroups.filter(isEmptied)) {
      const old = was.securityGroups.find(({ groupId }) => groupId === group.groupId);
      if (old) group.rules = old.rules;
    }
  },
  'replacement-instance'(is, was) {
    const isNew = notIn(was.instances, ({ instanceId }) => instanceId);
    const made: readonly string[] = is.instances.filter(isNew).map(({ instanceId }) => instanceId);
    if (made.length === 0) return;
    const volumes = is.instances
      .filter(isNew)
      .flatMap(({ blockDevices }) => blockDevices.map(({ volumeId }) => volumeId as string));
    is.instances = is.instances.filter(({ instanceId }) => !made.includes(instanceId));
    is.volumes = is.volumes.filter(({ volumeId }) => !volumes.includes(volumeId));
    is.networkInterfaces = is.networkInterfaces.filter(
      ({ attachment }) => !made.includes(attachment?.instanceId ?? ''),
    );
    for (const group of is.autoScalingGroups) {
      const extra = group.instances.filter(({ instanceId }) => made.includes(instanceId)).length;
      group.instances = group.instances.filter(({ instanceId }) => !made.includes(instanceId));
      group.desiredCapacity -= extra;
    }
    for (const group of is.targetGroups) {
      group.targets = group.targets.filter(({ id }) => !made.includes(id));
    }
  },
  'inactive-key'(is, was) {
    for (const user of is.iam.users) {
      const old = was.iam.users.find(({ userName }) => userName === user.userName);
      for (const key of user.accessKeys) {
        const before = old?.accessKeys.find(({ accessKeyId }) => accessKeyId === key.accessKeyId);
        if (before && key.status === 'Inactive') key.status = before.status;
      }
    }
  },
  'replaced-key'(is, was) {
    const isNew = notIn(was.secrets, ({ name }) => name);
    const made = is.secrets.filter((one) => isNew(one) && one.tags['cordon:replaces']);
    is.secrets = is.secrets.filter((one) => !made.includes(one));
    const keys = made.flatMap(({ name, tags }) => [
      name.split('/').at(-1),
      tags['cordon:replaces'],
    ]);
    for (const user of [...is.iam.users, ...was.iam.users]) {
      user.accessKeys = user.accessKeys.filter(({ accessKeyId }) => !keys.includes(accessKeyId));
    }
  },
  'unexpired-denial'(is) {
    for (const holder of [...is.iam.users, ...is.iam.roles]) {
      holder.inlinePolicies = Object.fromEntries(
        Object.entries(holder.inlinePolicies).filter(
          ([name]) =>
            !/^cordon-case-[0-9a-f]{10}-(?:older-sessions|session-[0-9a-f]{10})$/.test(name),
        ),
      );
    }
  },
  'health-not-known-yet'(is, was) {
    for (const group of is.targetGroups) {
      const old = was.targetGroups.find(({ arn }) => arn === group.arn);
      for (const target of group.targets) {
        const before = old?.targets.find(
          ({ id, port }) => id === target.id && port === target.port,
        );
        if (before && target.state === 'initial') target.state = before.state;
      }
    }
  },
  'tag-of-auto-scaling'(is, was) {
    for (const instance of is.instances) {
      const old = was.instances.find(({ instanceId }) => instanceId === instance.instanceId);
      if (old && !('aws:autoscaling:groupName' in old.tags)) {
        delete instance.tags['aws:autoscaling:groupName'];
      }
    }
  },
};

/** A list's order says nothing. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(inOrder).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inOrder(one)]));
}

function differences(was: unknown, is: unknown, path: string): readonly string[] {
  if (isDeepStrictEqual(was, is)) return [];
  if (typeof was === 'object' && typeof is === 'object' && was && is) {
    const [some, others] = [was, is] as Record<string, unknown>[];
    const members = new Set([...Object.keys(some ?? {}), ...Object.keys(others ?? {})]);
    return [...members].flatMap((one) => differences(some?.[one], others?.[one], `${path}.${one}`));
  }
  const short = (value: unknown) => JSON.stringify(value)?.slice(0, 200);
  return [`${path}: was ${short(was)}, is ${short(is)}`];
}

import type { InitializeHandlerArguments, InitializeMiddleware } from '@smithy/types';
import { callOf } from '../../functions/shared/journal.ts';
import { RehearsalAccount, rehearse } from '../../replay/account/rehearsal-account.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { toMoto } from './moto.ts';
import { type Clients, clientsTo } from './world.ts';

/** What one call came to in one account: its output, or `{ refusal }` with the error's name. */
interface Answer {
  readonly call: string;
  readonly output: object;
}

/** The calls that scenes of this file of tests have played so far. */
export const played = new Set<string>();

/** What the two accounts answered, by where in the answer of which call they differ. */
type Differences = Record<string, { rehearsal: unknown; moto: unknown }>;

/**
 * Plays a scene in moto and in a rehearsal account that starts in the same state, and says where
 * their answers differ.
 *
 * What only moto answers is no difference: the rehearsal account tells what steps read. Ids that
 * an account makes up, and times, are alike; lists have no order; nothing said is as good as `[]`.
 */
export async function differences(
  state: AccountState,
  scene: (aws: Clients) => Promise<void>,
): Promise<Differences> {
  const inMoto = await answersOf(clientsTo(toMoto), state, scene);
  const account = new RehearsalAccount(state, { now: () => new Date() });
  const rehearsed = clientsTo(toMoto);
  rehearse(rehearsed, account);
  const inRehearsal = await answersOf(rehearsed, state, scene);

  const calls = (answers: readonly Answer[]) => answers.map(({ call }) => call).join(', ');
  if (calls(inMoto) !== calls(inRehearsal)) {
    return { 'the calls': { rehearsal: calls(inRehearsal), moto: calls(inMoto) } };
  }
  for (const { call } of inRehearsal) played.add(call);
  return Object.fromEntries(
    inRehearsal.flatMap(({ call, output }, n) => compare(output, inMoto[n]?.output, call)),
  );
}

async function answersOf(
  clients: Clients,
  state: AccountState,
  scene: (aws: Clients) => Promise<void>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const known = JSON.stringify(state);
  const keep: InitializeMiddleware<object, object> =
    (next, context) => async (args: InitializeHandlerArguments<object>) => {
      const call = callOf(context);
      try {
        const answered = await next(args);
        const { $metadata: _, ...output } = answered.output as Record<string, unknown>;
        answers.push({ call, output: plain(output, known) });
        return answered;
      } catch (error) {
        answers.push({ call, output: { refusal: error instanceof Error ? error.name : error } });
        throw error;
      }
    };
  for (const { middlewareStack } of Object.values(clients)) {
    // Each client types its middleware by its own inputs; this one reads none of them.
    const stack = middlewareStack as { add(middleware: unknown, options: object): void };
    stack.add(keep, { name: 'keep', step: 'initialize', priority: 'high' });
  }
  await scene(clients);
  return answers;
}

const madeUp = /\b([a-z]+(?:-[a-z]+)*)-(?:[0-9a-f]{17}|[0-9a-f]{8})\b/g;
const uuid = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;
const time = /\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?/g;

/** An output as JSON, with ids that the state does not know, and times, made alike. */
function plain(output: object, known: string): object {
  const text = JSON.stringify(output)
    .replace(uuid, 'uuid')
    .replace(time, 'time')
    .replace(madeUp, (id, prefix: string) => (known.includes(id) ? id : `${prefix}-new`));
  return JSON.parse(text) as object;
}

type Found = [at: string, Differences[string]];

function compare(rehearsal: unknown, moto: unknown, at: string): Found[] {
  if (isNothing(rehearsal)) return [];
  if (isRecord(rehearsal) && isRecord(moto)) {
    if (rehearsal.refusal === moto.refusal) {
      return Object.entries(rehearsal).flatMap(([field, value]) =>
        compare(value, moto[field], `${at} ${field}`),
      );
    }
    const said = (answer: Record<string, unknown>) => answer.refusal ?? 'an answer';
    return [[`${at}: ${said(rehearsal)}, not ${said(moto)}`, { rehearsal, moto }]];
  }
  if (Array.isArray(rehearsal) && Array.isArray(moto) && rehearsal.length === moto.length) {
    const [left, right] = [inOrder(rehearsal), inOrder(moto)];
    return left.flatMap((item, n) => compare(item, right[n], at));
  }
  return rehearsal === moto ? [] : [[at, { rehearsal, moto }]];
}

const isNothing = (value: unknown) =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && !value.length);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What names an item of a list, in the order in which one that is there is taken. */
const names = [
  'NetworkInterfaceId',
  'InstanceId',
  'VolumeId',
  'GroupId',
  'SubnetId',
  'Egress',
  'IsEgress',
  'RuleNumber',
  'CidrIpv4',
  'CidrIpv6',
  'DeviceName',
  'AutoScalingGroupName',
  'TargetGroupArn',
  'LoadBalancerName',
  'PrivateIpAddress',
  'Target',
  'Id',
  'Key',
  'Name',
];

function inOrder(items: readonly unknown[]): unknown[] {
  const nameOf = (item: unknown): string =>
    isRecord(item)
      ? names.map((name) => (name in item ? JSON.stringify(item[name]) : '')).join(' ')
      : JSON.stringify(item);
  return items.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

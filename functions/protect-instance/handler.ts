import { EC2Client } from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { InstanceId } from '../shared/ids.ts';
import { toLambda } from '../shared/lambda.ts';
import type { Pace } from '../shared/line.ts';
import { defineStep, NotProvenError } from '../shared/step.ts';
import {
  awaitTurn,
  goesAtOnce,
  lineUp,
  Turn,
  type Waiting,
  WhenThrottled,
  waiting,
} from '../shared/turn.ts';
import {
  Attributes,
  change,
  changesBetween,
  type Name,
  names,
  protecting,
  readAttributes,
} from './attributes.ts';
import { restoreAttributes } from './restore-attributes.ts';

const input = z.strictObject({
  instanceId: InstanceId,
  whenThrottled: WhenThrottled,
  turn: Turn,
});

/** `not-supported`: EC2 has no such protection for this instance. */
const Word = z.enum(['set', 'already-set', 'not-supported']);

const output = z.object({
  outcome: z.enum([
    'protected',
    'already-protected',
    'partly-protected',
    'instance-gone',
    /** AWS takes no more such calls for now; to be done after the cut. */
    'put-off',
    'in-line',
  ]),
  ...waiting,
  /** What became of each attribute; null when the instance is gone, or it is not its turn. */
  attributes: z
    .object({
      disableApiTermination: Word,
      disableApiStop: Word,
      shutdownBehavior: Word,
      deleteOnTermination: Word,
    })
    .nullable(),
});
type Output = z.infer<typeof output>;
type Words = NonNullable<Output['attributes']>;

/**
 * Protects the instance and its volumes against being stopped or terminated by mistake: termination
 * and stop protection on, a shutdown from within stops instead of terminates, no EBS volume is
 * deleted with the instance.
 *
 * Four calls, since EC2 takes one attribute per call; one that fails does not keep the others from
 * being tried. Spot instances support neither protection, an instance-store root no stop protection:
 * these are tried all the same, and EC2's answer stands.
 *
 * It does not keep the instance from an Auto Scaling group (`detach-from-auto-scaling` does), from
 * scheduled events, from a reboot, or from someone who may take the protection off again.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html
 */
export const protectInstance = defineStep({
  name: 'protect-instance',
  input,
  output,
  reads: {
    'ec2:DescribeInstances': { on: '*' },
    'ec2:DescribeInstanceAttribute': { on: 'arn:aws:ec2:*:*:instance/*' },
  },
  writes: {
    'ec2:ModifyInstanceAttribute': {
      on: ['arn:aws:ec2:*:*:instance/*', 'arn:aws:ec2:*:*:volume/*'],
      standIn: () => ({}),
    },
  },
  connect: (to) => ({ ec2: new EC2Client(patient(to)) }),

  async run({ instanceId, turn, whenThrottled }, { ec2 }, context): Promise<Output> {
    if (turn !== null) {
      const notYet = await awaitTurn(turn, protections, context);
      if (notYet) return inLine(notYet);
    } else if (!(await goesAtOnce(protections, context))) {
      return whenThrottled === 'put-off' ? putOff : inLine(await lineUp(protections, context));
    }

    const reading = await readAttributes(ec2, instanceId);
    if (!reading) return { outcome: 'instance-gone', attributes: null };

    const { now, unsupported } = reading;
    const due = changesBetween(now, protecting(now));
    if (due.size > 0) {
      await context.home.cases.recordBefore(context.case, {
        step: 'protect-instance',
        resource: instanceId,
        state: now,
      });
    }
    const refused = await change(ec2, instanceId, due);
    const cannot = (name: Name) => refused.has(name) || unsupported.includes(name);
    return judge((name) =>
      due.has(name) ? (cannot(name) ? 'not-supported' : 'set') : 'already-set',
    );
  },

  async prove({ instanceId }, result, { ec2 }): Promise<Output> {
    const { attributes: words } = result;
    const reading = words && (await readAttributes(ec2, instanceId));
    if (!reading) return words ? { outcome: 'instance-gone', attributes: null } : result;

    const open = changesBetween(reading.now, protecting(reading.now));
    const broken = [...open.keys()].filter((name) => words[name] !== 'not-supported');
    if (broken.length > 0) {
      throw new NotProvenError(`${instanceId} does not have ${broken.join(', ')} as it was set`);
    }
    // EC2 may support by now what its documentation says it does not: what is read counts.
    return judge((name) =>
      words[name] === 'not-supported' && !open.has(name) ? 'set' : words[name],
    );
  },

  async throttled({ whenThrottled }, context): Promise<Output> {
    return whenThrottled === 'put-off' ? putOff : inLine(await lineUp(protections, context));
  },

  undo: {
    before: Attributes,
    reads: {
      'ec2:DescribeInstances': { on: '*' },
      'ec2:DescribeInstanceAttribute': { on: 'arn:aws:ec2:*:*:instance/*' },
    },
    writes: {
      'ec2:ModifyInstanceAttribute': {
        on: ['arn:aws:ec2:*:*:instance/*', 'arn:aws:ec2:*:*:volume/*'],
        standIn: () => ({}),
      },
    },
    run: (before, { ec2 }) => restoreAttributes(ec2, before),
  },
});

const putOff: Output = { outcome: 'put-off', attributes: null };
const inLine = (turn: Waiting): Output => ({ outcome: 'in-line', attributes: null, ...turn });

/** Protections in one account and Region: four calls each, of which EC2 takes five a second. */
const protections: Pace = { name: 'protection', perSecond: 1.25, burst: 12 };

function judge(wordOf: (name: Name) => Words[Name]): Output {
  const attributes: Words = {
    disableApiTermination: wordOf('disableApiTermination'),
    disableApiStop: wordOf('disableApiStop'),
    shutdownBehavior: wordOf('shutdownBehavior'),
    deleteOnTermination: wordOf('deleteOnTermination'),
  };
  const words = names.map((name) => attributes[name]);
  if (words.includes('not-supported')) return { outcome: 'partly-protected', attributes };
  return { outcome: words.includes('set') ? 'protected' : 'already-protected', attributes };
}

export const handler = toLambda(protectInstance);

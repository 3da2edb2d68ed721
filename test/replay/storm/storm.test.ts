import { expect, it } from 'vitest';
import { steps } from '../../../functions/index.ts';
import { stormCommand } from '../../../replay/storm/command.ts';
import { textOfStorms } from '../../../replay/storm/report.ts';
import { type StormOptions, storm } from '../../../replay/storm/storm.ts';
import { loadWorkflows } from '../../../replay/workflow.ts';

const workflow = loadWorkflows(steps).get('compromised-instance');
const breakOut = (differs: Partial<StormOptions> = {}) => {
  if (!workflow) throw new Error('there is no workflow for compromised-instance');
  return storm({
    findings: 50,
    priority: 'evidence-first',
    group: 'ready',
    interfaces: 1,
    region: 'large',
    guard: 'lifted',
    concurrency: 1_000,
    workflow,
    ...differs,
  });
};

it('cuts fifty instances off in seconds, though their evidence takes AWS half a minute', async () => {
  const report = await breakOut();

  expect(report).toMatchObject({ cut: 50, parked: 0, lost: 0 });
  expect(report.ends).toEqual({ 'Instance is contained': 50 });
  expect(report.last).toBeLessThan(5);
  expect(report.allEnded).toBeGreaterThan(30);
  expect(report.refused).toBeGreaterThan(0);
}, 60_000);

it('cuts the most severe first where not all can go at once', async () => {
  // Fifty go without a turn; the line for the others is as long as two seconds.
  const report = await breakOut({ findings: 60 });

  expect(report).toMatchObject({ cut: 60, lost: 0 });
  expect(report.last).toBeLessThan(10);
  const [critical, high, medium] = report.bySeverity.map(({ last }) => last ?? 0);
  expect(critical).toBeLessThan(high ?? 0);
  expect(high).toBeLessThan(medium ?? 0);
}, 60_000);

it('acts on as many as may be contained in an hour, and has people asked about all others', async () => {
  const report = await breakOut({ findings: 25, guard: 'default' });

  expect(report).toMatchObject({ cut: 10, parked: 15, lost: 0 });
  expect(report.ends).toEqual({ 'Instance is contained': 10, 'Ask for approval': 15 });
  // What is planned for people is withheld from AWS, and counts as no cut.
  expect(report.calls['ec2:ModifyNetworkInterfaceAttribute']?.passed).toBe(10);
}, 60_000);

it('makes one group for all instances of a VPC that has none', async () => {
  const report = await breakOut({
    findings: 12,
    group: 'missing',
    priority: 'containment-first',
  });

  expect(report).toMatchObject({ cut: 12, lost: 0, isolationGroups: 1 });
}, 60_000);

it('says in tables of at most 100 columns that the goal was missed', async () => {
  const report = await breakOut({ findings: 1 });
  const late = { ...report, findings: 5_000, cut: 5_000, last: 1_234.5, ratio: 1.26 } as const;
  const ends = { 'Instance is contained': 5_000 };
  const text = textOfStorms([{ ...late, guard: 'default', ends }], {
    most: { ratio: 1.15, from: 1_000 },
    colour: false,
  });
  expect(text).toContain('1.26: MISSED');
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
}, 60_000);

it('comes to the same each time, and says so in tables of at most 100 columns', async () => {
  const run = async (...args: string[]) => {
    const said: string[] = [];
    const print = (text: string) => said.push(text);
    const code = await stormCommand(args, { print, complain: print, colour: false });
    return { code, text: said.join('') };
  };
  const [one, other] = [await run('--findings', '1,3'), await run('--findings', '1,3')];

  expect(one.code).toBe(0);
  expect(one).toEqual(other);
  expect(Math.max(...one.text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(await run('--findings', '0')).toMatchObject({ code: 2 });
  expect(await run('--findings', 'many')).toMatchObject({ code: 2 });
  expect(await run('--priority', 'none')).toMatchObject({ code: 2 });
  expect(await run('--guard', 'none')).toMatchObject({ code: 2 });
}, 60_000);

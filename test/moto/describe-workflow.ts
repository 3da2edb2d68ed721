import { beforeAll, describe, expect, it } from 'vitest';
import type { PlaybookName } from '../../functions/shared/playbooks.ts';
import type { AccountState } from '../../replay/account/state.ts';
import { inOrder } from '../../replay/states-entered.ts';
import { emptyTables } from './additions.ts';
import { afterFailure } from './after-failure.ts';
import { runBothWays } from './both-ways.ts';
import { catching, toReach } from './catches.ts';
import { type Deployed, deploy } from './deployment.ts';
import { emptyMoto } from './moto.ts';
import { rehearse, workflowOf } from './rehearsed.ts';
import { stepByName } from './step-by-name.ts';
import { settings } from './test-config.ts';

/** An account in which a workflow is run once. */
interface Scene<Start extends string> {
  /** The account as a rehearsal account has it. */
  readonly state: AccountState;
  /** What the workflow is started with, the mode apart. */
  readonly starts: Readonly<Record<Start, object>>;
  /**
   * Reads the world back and holds it to what was done: the names of the states whose step ran, and
   * of those steps.
   */
  check(done: ReadonlySet<string>, start: Start): Promise<void>;
}

/**
 * Runs a playbook's workflow by moto's interpreter with the built handlers, from every start, live
 * and as a dry run, and once for each state that catches a failure with that state's step failing:
 * all as a replay does it, and as the world shows afterwards.
 *
 * Which start, and what else must fail, leads to a state, a replay says. A Catch that nothing leads
 * to fails its test, but for those of `whenThrottled`: only what AWS throttles leads there, and moto
 * never does. That nothing else does is tested too.
 */
export function describeWorkflow<Start extends string>(
  playbook: PlaybookName,
  starts: readonly Start[],
  setUp: () => Promise<Scene<Start>>,
  whenThrottled: readonly string[] = [],
): void {
  const { machine } = workflowOf(playbook);
  let deployed: Deployed;
  beforeAll(async () => {
    await emptyMoto();
    deployed = await deploy();
  });

  async function run(
    mode: 'live' | 'dry-run',
    choose: (scene: Scene<Start>) => Promise<{ start: Start; broken?: readonly string[] }>,
  ) {
    await emptyTables();
    const scene = await setUp();
    const { start, broken = [] } = await choose(scene);
    const input = { mode, ...scene.starts[start] };
    const ran = await runBothWays(deployed, {
      playbook,
      input,
      state: scene.state,
      settings,
      broken,
    });
    const worked = afterPeopleAgreed(ran.entered).filter((state) => !broken.includes(state));
    const done = worked.flatMap((state) => [state, stepByName(state)]);
    await scene.check(new Set(mode === 'live' ? done : []), start);
    return ran;
  }

  describe(`${playbook}, by another interpreter with the built handlers`, () => {
    it.each(starts)('does what a replay does, and the world shows it: %s', async (start) => {
      await run('live', async () => ({ start }));
    });

    it.each(starts)('changes nothing in a dry run: %s', async (start) => {
      await run('dry-run', async () => ({ start }));
    });

    const expectations = afterFailure[playbook] ?? {};
    const throttled = catching(machine).filter((state) => whenThrottled.includes(state));
    // Those that catch, and those that are to: a Catch that was taken away must be missed.
    const otherwise = [...new Set([...catching(machine), ...Object.keys(expectations)])].filter(
      (state) => !whenThrottled.includes(state),
    );

    /** A start that leads to a state, with what must fail on the way. */
    async function leadingTo(state: string, { state: account, starts: inputs }: Scene<Start>) {
      for (const start of starts) {
        const input = { mode: 'live', ...inputs[start] };
        const { road } = await rehearse({ playbook, input, settings }, account);
        const reached = new Set(inOrder(road).map((entry) => entry.state));
        const broken = toReach(state, machine, reached);
        if (broken) return { start, broken };
      }
      return undefined;
    }

    it.each(otherwise)('goes on as a replay does when it fails: %s', async (state) => {
      const expected = expectations[state];
      if (!expected) throw new Error(`nothing says what the failure of "${state}" leads to`);
      const { entered, executed, status, missing, told } = await run('live', async (scene) => {
        const led = await leadingTo(state, scene);
        if (!led) throw new Error(`nothing leads to "${state}"`);
        return led;
      });
      expect(entered).toEqual(expect.arrayContaining([state, ...expected.goesOn]));
      expect([executed.error ?? executed.status.toLowerCase(), status]).toEqual([
        expected.ends,
        expected.status,
      ]);
      const begins = (words: string | undefined) => (text: string) => text.startsWith(words ?? '-');
      const last = told.at(-1);
      expect(last?.title.startsWith(expected.told ?? '-') ?? false).toBe(
        expected.told !== undefined,
      );
      if (expected.missing === undefined) expect(missing.join('\n')).not.toMatch(/: failed\b/);
      else expect(missing.filter(begins(expected.missing))).not.toEqual([]);
      for (const line of missing) expect(last?.description).toContain(line);
    });

    it('cannot show what only throttling leads to', async () => {
      expect(throttled).toEqual(whenThrottled);
      const scene = await setUp();
      for (const state of throttled) expect(await leadingTo(state, scene), state).toBeUndefined();
    });
  });
}

/** What a case that people are asked about does before is its plan, in which nothing is changed. */
function afterPeopleAgreed(entered: readonly string[]): readonly string[] {
  if (!entered.includes('Ask for approval')) return entered;
  const settled = entered.lastIndexOf('Settle the approval');
  return settled < 0 ? [] : entered.slice(settled);
}

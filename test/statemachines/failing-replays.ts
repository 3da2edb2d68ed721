import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { steps } from '../../functions/index.ts';
import { everyPlaybookLive, type PlaybookName } from '../../functions/shared/playbooks.ts';
import type { AwsCall, Step } from '../../functions/shared/step.ts';
import { type Case, readCases } from '../../replay/read-case.ts';
import { type Replay, replayCase } from '../../replay/replay.ts';
import type { RehearsedApprover } from '../../replay/waits.ts';
import { loadWorkflows, statesOf, type Workflow } from '../../replay/workflow.ts';

const events = fileURLToPath(new URL('../../events/', import.meta.url));
/** The cases of `events/`, by name. */
export const cases = new Map(readCases(events).map((of) => [basename(of.source), of]));
const sound = loadWorkflows(steps);

/** A playbook's workflow, with nothing broken. */
export function workflowOf(playbook: string): Workflow {
  const workflow = sound.get(playbook);
  if (!workflow) throw new Error(`there is no workflow for ${playbook}`);
  return workflow;
}

/** What fails in a replay, however often it is tried. */
export interface Failing {
  readonly call?: AwsCall;
  /** So many attempts of the call AWS throttles; those after them fail as said, or go through. */
  readonly throttled?: number;
  readonly after?: 'fails' | 'goes-through';
  /** Left out, an error that nobody knows. */
  readonly error?: Error;
  /** What a call must name to fail; left out, every one does. */
  readonly on?: string;
  /** Steps that fail without making a call. */
  readonly steps?: readonly string[];
  /** People are asked first, and answer this. */
  readonly asks?: RehearsedApprover;
}

const replayed = new Map<string, Promise<readonly Replay[]>>();

/** Replays a case live, with a call or a step that fails however often it is tried. */
export function replay(name: string, failing: Failing = {}): Promise<readonly Replay[]> {
  const key = JSON.stringify([name, failing, failing.error?.name]);
  const known = replayed.get(key) ?? replayAnew(name, failing);
  replayed.set(key, known);
  return known;
}

async function replayAnew(name: string, failing: Failing) {
  const { call: broken, on = '', steps, error = injected, asks } = failing;
  let throttled = failing.throttled ?? 0;
  const fails = failing.throttled === undefined || failing.after === 'fails';
  const of = cases.get(name);
  if (!of) throw new Error(`there is no case ${name}`);
  const replayed = await replayCase(asks ? asked(of, asks) : of, {
    mode: 'live',
    workflows: without(steps ?? []),
    fault: (call, input) => {
      if (call !== broken || !JSON.stringify(input).includes(on)) return undefined;
      if (throttled-- > 0) return { when: 'before', error: limitExceeded };
      return fails ? { when: 'before', error } : undefined;
    },
  });
  return replayed.map((each) => each.replay);
}

/** A case as it is where every playbook asks first. */
export function asked(of: Case, approver?: RehearsedApprover): Case {
  const names = Object.keys(everyPlaybookLive) as PlaybookName[];
  const playbooks = Object.fromEntries(names.map((name) => [name, 'approve' as const]));
  return { ...of, approver, settings: { ...of.settings, playbooks } };
}

/** As `replay`, for a case of one finding. */
export async function replayOne(name: string, failing: Failing): Promise<Replay> {
  const [only, ...more] = await replay(name, failing);
  if (!only || more.length > 0) throw new Error(`${name} has not one finding`);
  return only;
}

export const injected = Object.assign(new Error('made to fail by a test'), {
  name: 'InternalError',
});

const limitExceeded = Object.assign(new Error('Request limit exceeded.'), {
  name: 'RequestLimitExceeded',
});

/** The workflows, with steps that fail whenever they run. */
const without = (broken: readonly string[]): ReadonlyMap<string, Workflow> =>
  broken.length === 0
    ? sound
    : loadWorkflows(
        steps.map((step: Step) =>
          broken.includes(step.name) ? { ...step, run: () => Promise.reject(injected) } : step,
        ),
      );

/** The states of a playbook that neither a case nor one of these failures enters. */
export async function statesNeverEntered(
  playbook: string,
  failures: readonly (Failing & { readonly of: string })[],
): Promise<readonly string[]> {
  const left = new Set([...statesOf(workflowOf(playbook).machine)].map(([state]) => state));
  const enter = (replays: readonly Replay[]) => {
    for (const each of replays) {
      if (each.playbook === playbook) for (const state of each.states) left.delete(state);
    }
  };
  // The failures have been replayed already, by the tests that are about them.
  for (const { of, ...failing } of failures) enter(await replay(of, failing));
  for (const name of cases.keys()) if (left.size > 0) enter(await soundly(name));
  return [...left];
}

const calm = new Map<string, ReturnType<typeof replay>>();

/** The replays of a case in which nothing fails, run once for all who ask. */
function soundly(name: string): ReturnType<typeof replay> {
  const known = calm.get(name) ?? replay(name);
  calm.set(name, known);
  return known;
}

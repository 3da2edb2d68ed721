import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { steps } from '../../functions/index.ts';
import type { Step } from '../../functions/shared/step.ts';
import { lintWorkflow } from '../../replay/lint-workflow.ts';
import {
  checkLanguage,
  isAnswered,
  loadWorkflow,
  payloadOf,
  placeholderOf,
  readWorkflows,
  statesOf,
  stepCalledBy,
} from '../../replay/workflow.ts';

const playbooks = [...readWorkflows()].map(([playbook, text]) => ({
  playbook,
  workflow: loadWorkflow(playbook, text, steps),
  /** As the file has them, before ARNs take the place of placeholders. */
  states: [...statesOf(JSON.parse(text))],
}));

describe.each(playbooks)('$playbook', ({ workflow, states }) => {
  const tasks = states.filter(([, { Type }]) => Type === 'Task');

  it('has nothing wrong with it', () => {
    expect(() => checkLanguage(workflow)).not.toThrow();
    expect(lintWorkflow(workflow)).toEqual([]);
  });

  it.each(tasks)('"%s" sends its step exactly the fields the step takes', (_name, task) => {
    const step = steps.find(({ name }) => placeholderOf(name) === stepCalledBy(task));
    const Sent = z.object({ input: z.record(z.string(), z.unknown()) });
    const sent = Object.keys(Sent.parse(payloadOf(task)).input);

    expect(step, `no step behind ${task.Resource}`).toBeDefined();
    expect(sent.map((key) => key.replace(/\.\$$/, '')).sort()).toEqual(
      Object.keys(
        z.toJSONSchema(step?.input ?? z.never(), { io: 'input' }).properties ?? {},
      ).sort(),
    );
  });

  it.each(tasks)('"%s" retries as every other does, and has a way out', (_name, task) => {
    const [never, ...others] = tasks[0]?.[1].Retry ?? [];
    // Nobody is asked again because they did not answer.
    const timeOut = isAnswered(task) ? ['States.Timeout'] : [];
    expect(task.Retry).toEqual([
      { ...never, ErrorEquals: [...timeOut, ...(never?.ErrorEquals ?? [])] },
      ...others,
    ]);
    expect(task.Catch?.at(-1)?.ErrorEquals).toEqual(['States.ALL']);
  });
});

it('gives every step a state of some playbook, unless a rule starts it', () => {
  const used = playbooks.flatMap(({ workflow }) => [...workflow.tasks.values()]);
  const ofStates = steps.filter((step: Step) => step.startedBy !== 'rule');

  expect([...new Set(used.map(({ name }) => name))].sort()).toEqual(
    ofStates.map(({ name }) => name).sort(),
  );
});

it('lists every folder of functions that holds a step', () => {
  const functions = new URL('../../functions/', import.meta.url);
  const folders = readdirSync(functions).filter((name) =>
    existsSync(new URL(`${name}/handler.ts`, functions)),
  );

  expect(steps.map(({ name }) => name).sort()).toEqual(folders.sort());
});

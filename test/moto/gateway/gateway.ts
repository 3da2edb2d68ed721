import { gateway } from '../moto.ts';
import type { DeployedFunction } from './execution-environments.ts';
import type { Answered } from './runtime.ts';
import type { Invocation } from './serve.ts';

async function tell(what: string, body: unknown): Promise<unknown> {
  const method = what === 'invocations' ? 'POST' : 'PUT';
  const answer = await fetch(`${gateway}/gateway/${what}`, { method, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`gateway: ${what}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Has the gateway answer for these Lambdas, in new execution environments, and for no others. */
export const deployFunctions = (functions: readonly DeployedFunction[]) =>
  tell('functions', functions);

/** How a Lambda fails where a state asks for it by this qualifier. */
export const broken = 'broken';

/** Lets a Lambda fail, by its name, where it is asked for as {@link broken}. */
export const breakFunctions = (
  faults: Readonly<Record<string, Extract<Answered, { failure: unknown }>['failure']>>,
) =>
  tell(
    'faults',
    Object.fromEntries(Object.entries(faults).map(([name, how]) => [`${name}:${broken}`, how])),
  );

/** What was invoked since this was last asked, in the order in which it was answered. */
export const invocations = async () => (await tell('invocations', null)) as readonly Invocation[];

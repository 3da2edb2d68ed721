import { parentPort, workerData } from 'node:worker_threads';
import { refuseNetwork } from '../no-network.ts';
import { readCases } from '../read-case.ts';
import { type Mutation, workflowsWithout } from './mutations.ts';
import type { Wanted } from './run-case.ts';
import { tryCase } from './try-case.ts';

/** What a worker is started with. */
export interface WorkerData {
  readonly paths: readonly string[];
  readonly wanted: Wanted & { readonly atOnce: boolean };
  /** The safeguard that is taken away. */
  readonly without: Mutation;
}

refuseNetwork();
// The command that starts the worker gives it nothing else.
const { paths, wanted, without } = workerData as WorkerData;
const cases = paths.flatMap(readCases);
const workflows = workflowsWithout(without);

/** Asked for the case of a number, it answers with what that came to, and counts as it goes. */
parentPort?.on('message', async (index: number) => {
  const of = cases[index];
  if (!of) throw new Error(`there is no case ${index}`);
  const tally = await tryCase(of, { workflows, without }, wanted, () =>
    parentPort?.postMessage('tried'),
  );
  parentPort?.postMessage({ index, tally });
});

import { parentPort, workerData } from 'node:worker_threads';
import { refuseNetwork } from '../no-network.ts';
import { type Trying, trierOf } from './try-case.ts';

refuseNetwork();
// The command that starts the worker gives it nothing else.
const tryIt = trierOf(workerData as Trying);

/** Asked for the case of a number, it answers with what that came to, and counts as it goes. */
parentPort?.on('message', async (index: number) => {
  const tally = await tryIt(index, () => parentPort?.postMessage('tried'));
  parentPort?.postMessage({ index, tally });
});

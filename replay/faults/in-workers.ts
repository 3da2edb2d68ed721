import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Tally } from './tally.ts';
import { type Trying, trierOf } from './try-case.ts';

/** Called as runs end, by whichever worker. */
interface Progress {
  tried(): void;
  ended(index: number): void;
}

/**
 * Tries every case, on every core, and gives what each came to in the order of the cases, so that
 * the same is printed however many cores there are. The largest are begun first; a single one is
 * tried right here, since a worker takes longer to start than many a case to try.
 */
export async function tryInWorkers(
  data: Trying,
  order: readonly number[],
  progress: Progress,
): Promise<readonly Tally[]> {
  const [only, ...others] = order;
  if (only !== undefined && others.length === 0) {
    const tally = await trierOf(data)(only, progress.tried);
    progress.ended(only);
    return [tally];
  }
  const queue = [...order];
  const tallies = new Map<number, Tally>();
  const count = Math.min(availableParallelism(), queue.length);
  await Promise.all(Array.from({ length: count }, () => work(data, queue, tallies, progress)));
  return [...tallies].sort(([a], [b]) => a - b).map(([, tally]) => tally);
}

function work(
  workerData: Trying,
  queue: number[],
  tallies: Map<number, Tally>,
  progress: Progress,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData });
    const next = () => {
      const index = queue.shift();
      if (index !== undefined) worker.postMessage(index);
      else void worker.terminate().then(() => resolve(), reject);
    };
    worker.on('message', (message: 'tried' | { index: number; tally: Tally }) => {
      if (message === 'tried') {
        progress.tried();
        return;
      }
      tallies.set(message.index, message.tally);
      progress.ended(message.index);
      next();
    });
    worker.on('error', reject);
    next();
  });
}

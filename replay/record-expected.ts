import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { steps } from '../functions/index.ts';
import { cameTo } from './expectation.ts';
import { refuseNetwork } from './no-network.ts';
import { type Case, readCases } from './read-case.ts';
import { replayCase } from './replay.ts';
import { loadWorkflows } from './workflow.ts';

/**
 * `npm run record -- events/NAME …`: replays the named cases, or all of them, and writes what they
 * came to into their `expected.json`.
 *
 * For a step that changed on purpose. What it writes is what the step did, not what it should do:
 * read the difference as you would read code.
 */
const events = fileURLToPath(new URL('../events', import.meta.url));
const paths = process.argv.slice(2);

refuseNetwork();
const workflows = loadWorkflows(steps);
const cases = (paths.length > 0 ? paths : [events]).flatMap(readCases);
for (const each of cases) await record(each);

async function record(of: Case): Promise<void> {
  if (!existsSync(of.source) || !statSync(of.source).isDirectory()) {
    throw new Error(`${of.source}: expected a case's folder`);
  }
  const replayed = await replayCase(of, { workflows });
  const [first, ...more] = replayed.map(({ replay }) => cameTo(replay));
  const mode = of.expected?.mode;
  const live = (await replayCase(of, { workflows, mode: 'live' })).map(({ replay }) => replay);
  const isAsked = live.some(({ steps }) => steps.some(({ step }) => step === 'request-approval'));
  const expected = {
    ...(mode && { mode }),
    ...(more.length > 0 ? { replays: [first, ...more] } : first),
    ...(isAsked && { live: live.map(cameTo) }),
  };
  writeFileSync(join(of.source, 'expected.json'), `${JSON.stringify(expected, null, 2)}\n`);
  console.log(`${of.source}: ${[first, ...more].map((each) => each?.status).join(', ')}`);
}

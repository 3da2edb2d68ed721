import { steps } from '../../functions/index.ts';
import { CaseRecord } from '../../functions/shared/case-record.ts';
import { CaseId } from '../../functions/shared/ids.ts';
import { keyOf, namesOf } from '../../functions/shared/recorded-change.ts';
import { asksForRelease } from '../../functions/shared/release-request.ts';
import { findingsIn } from '../findings-in.ts';
import type { Case } from '../read-case.ts';
import { loadWorkflows } from '../workflow.ts';
import { play, type World } from './scenario.ts';

/** A world after its cases have ended, and what a person asks for to have their changes taken back. */
export interface Contained {
  readonly world: World;
  readonly requests: readonly object[];
  /** ISO 8601: when every session that was denied must have expired. */
  readonly at: string;
}

/** No session of a role lasts longer than 12 hours, and no user's longer than 36. */
const longestSession = 36 * 3_600_000;

const workflows = loadWorkflows(steps);

/** Contains a case without a fault, and asks for the release of everything that it changed. */
export async function contain(of: Case): Promise<readonly Contained[]> {
  const { worlds } = await play({ case: of, priority: 'evidence-first', workflows });
  const asked = requestsIn(of);
  const contained: Contained[] = [];
  for (const world of worlds) {
    const requests = await requestsFor(world, asked);
    if (requests.length > 0) contained.push({ world, requests, at: laterThan(world) });
  }
  return contained;
}

/** What the case itself asks to be released. */
const requestsIn = (of: Case) =>
  findingsIn(of)
    .flatMap((item) => ('release' in item ? item.said : []))
    .filter(asksForRelease);

/** One request for each case that has changed anything; with every group, load balancer and key named. */
async function requestsFor({ table }: World, asked: ReturnType<typeof requestsIn>) {
  const { releases } = new CaseRecord(table, () => new Date(0));
  const closed = table
    .items()
    .filter(
      ({ pk, sk, mode, status }) =>
        sk === 'case' && mode === 'live' && status !== 'open' && pk.startsWith('case#'),
    );
  const requests: object[] = [];
  for (const { pk } of closed) {
    const caseId = CaseId.parse(pk.replace('case#', ''));
    const changes = await releases.changes(caseId);
    const said = asked.find((one) => one.caseId === caseId);
    const rejoin = changes.flatMap((change) => namesOf(change).slice(0, 1));
    const reactivateKeys = changes.flatMap((change) => keyOf(change) ?? []);
    if (said) requests.push({ ...said, mode: 'live' });
    else if (changes.length > 0) requests.push({ caseId, mode: 'live', rejoin, reactivateKeys });
  }
  return requests;
}

function laterThan({ table }: World): string {
  const times = table
    .items()
    .flatMap(({ openedAt }) => (openedAt ? Date.parse(String(openedAt)) : []));
  return new Date(Math.max(...times) + longestSession + 3_600_000).toISOString();
}

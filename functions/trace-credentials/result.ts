import { keepEvidence } from '../shared/evidence.ts';
import type { StepContext } from '../shared/step.ts';
import { type KeptTrace, traceName } from '../shared/trace.ts';
import type { Found } from './found.ts';

/** How many of each a step's result holds; the case has the rest. */
export const most = { roles: 50, otherAccounts: 50, persistence: 50, sources: 20, limits: 50 };

const byCount = (counts: ReadonlyMap<string, number>) =>
  [...counts]
    .map(([name, events]) => ({ name, events }))
    .sort((a, b) => b.events - a.events || (a.name < b.name ? -1 : 1));

/** What was found, in an order that does not depend on which Region answered first. */
export function keptTrace(
  found: Found,
  about: Pick<KeptTrace, 'look' | 'from' | 'to' | 'regions' | 'keys'>,
): KeptTrace {
  const { pages, events, unreadable, firstUse, lastUse } = found;
  const key = ({ roleName, sessionName }: KeptTrace['roles'][number]) =>
    `${roleName} ${sessionName}`;
  const roles = (list: Found['roles']) =>
    [...list.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return {
    ...about,
    pages,
    events,
    unreadable,
    limits: [...found.limits].sort(),
    firstUse,
    lastUse,
    roles: roles(found.roles),
    elsewhere: roles(found.elsewhere),
    otherAccounts: [...found.otherAccounts].sort(),
    persistence: found.persistence.toSorted(
      (a, b) => a.when.localeCompare(b.when) || a.eventId.localeCompare(b.eventId),
    ),
    sources: byCount(found.sources),
    errors: byCount(found.errors),
    calls: byCount(found.calls),
    resources: [...found.resources.values()].sort((a, b) => b.events - a.events),
  };
}

/** Keeps the trace and, line by line, its events. */
export async function keep(trace: KeptTrace, lines: readonly string[], context: StepContext) {
  const name = traceName(trace.look);
  const source = `cloudtrail:LookupEvents, ${trace.from} to ${trace.to}`;
  await keepEvidence(
    context,
    {
      kind: 'cloudtrail-events',
      name: `${name}-events`,
      body: lines.join('\n'),
      type: 'json-lines',
      source,
    },
    { kind: 'cloudtrail-trace', name, body: JSON.stringify(trace), type: 'json', source },
  );
  return name;
}

/** As much of a trace as goes through the workflow's state. */
export function resultOf(trace: KeptTrace, evidence: string, seconds: number) {
  const { events, unreadable, pages, firstUse, lastUse } = trace;
  // What was refused is in the case; only what was done can have left something.
  const done = trace.persistence.filter(({ error }) => error === null);
  const limits = [
    ...trace.limits,
    ...(trace.roles.length > most.roles ? ['roles-listed'] : []),
    ...(done.length > most.persistence ? ['persistence-listed'] : []),
  ];
  const outcome = limits.length > 0 ? 'traced-in-part' : events > 0 ? 'traced' : 'nothing-found';
  return {
    outcome: outcome as 'traced' | 'traced-in-part' | 'nothing-found',
    roles: trace.roles.slice(0, most.roles),
    otherAccounts: trace.otherAccounts.slice(0, most.otherAccounts),
    limits: limits.slice(0, most.limits),
    events,
    unreadable,
    pages,
    seconds,
    persistence: done
      .slice(0, most.persistence)
      .map(({ eventName, who, what, when }) => ({ eventName, who, what, when })),
    sources: trace.sources.slice(0, most.sources).map(({ name }) => name),
    firstUse,
    lastUse,
    evidence,
  };
}

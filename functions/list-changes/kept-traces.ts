import * as z from 'zod';
import { evidenceOf } from '../shared/evidence.ts';
import type { StepContext } from '../shared/step.ts';
import { KeptTrace, looks, type Persistence, traceName } from '../shared/trace.ts';

type Resource = KeptTrace['resources'][number];

/** What all looks of a case's trace came to, taken together. */
interface Traced {
  readonly since: string;
  readonly resources: readonly Resource[];
  /** What was done, not what was refused. */
  readonly left: readonly Persistence[];
}

const inJson = z.string().transform((text) => KeptTrace.parse(JSON.parse(text)));

/**
 * Reads what `trace-credentials` kept of these keys, or of whom it was given where there is no key;
 * undefined when it kept nothing of them. A later look does not replace an earlier one, which may
 * have come further.
 */
export async function keptTraces(
  accessKeyIds: readonly string[],
  { home, case: { caseId } }: StepContext,
): Promise<Traced | undefined> {
  const bodies = await Promise.all(looks.map((look) => evidenceOf(home, caseId, traceName(look))));
  const traces = bodies
    .flatMap((body) => (body === undefined ? [] : inJson.parse(body)))
    .filter(({ keys }) =>
      accessKeyIds.every((id) => keys.some(({ accessKeyId }) => accessKeyId === id)),
    );
  const last = traces.at(-1);
  if (!last) return undefined;
  const uses = traces.flatMap(({ firstUse }) => firstUse ?? []).sort();
  const resources = traces.flatMap((trace) => trace.resources);
  const left = traces.flatMap((trace) => trace.persistence).filter(({ error }) => error === null);
  return {
    since: uses[0] ?? last.from,
    resources: once(resources, ({ type, name, region }) => `${region} ${type} ${name}`),
    left: once(left, ({ eventId }) => eventId),
  };
}

const once = <T>(items: readonly T[], key: (item: T) => string): T[] => [
  ...new Map(items.map((item) => [key(item), item])).values(),
];

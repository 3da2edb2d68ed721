import { ConfigServiceClient } from '@aws-sdk/client-config-service';
import { IAMClient } from '@aws-sdk/client-iam';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { keepEvidence } from '../shared/evidence.ts';
import { AccessKeyId, UserName } from '../shared/ids.ts';
import { toLambda } from '../shared/lambda.ts';
import { ClientPerRegion } from '../shared/regions.ts';
import { defineStep } from '../shared/step.ts';
import { kinds, type Persistence, TracedRole } from '../shared/trace.ts';
import { changesIn } from './changes.ts';
import { keptTraces } from './kept-traces.ts';
import { policyReads } from './policies.ts';
import { Scope } from './scope.ts';
import { noScope, userScope } from './user-scope.ts';

const input = z.strictObject({
  accessKeyIds: z.array(AccessKeyId).max(200),
  userName: UserName.nullable(),
  /** As `trace-credentials` lists them. */
  roles: z.array(TracedRole).max(50),
});

const Count = z.int().min(0);
const zero = Object.fromEntries(kinds.map((kind) => [kind, 0]));

const output = z.object({
  outcome: z.enum(['listed', 'skipped']),
  /** Why AWS Config was not asked; what may have been left is listed all the same. */
  reason: z.enum(['no-trace', 'nothing-touched', 'no-recorder']).nullable(),
  /** What these sessions may have left behind, for a human: how many of each kind. */
  left: z.record(z.enum(kinds), Count),
  /** Resources asked about, and recorded states of them since the first use. */
  resources: Count,
  changes: Count,
  /** Resources that Config does not know, in Regions where it records. */
  unknown: Count,
  /** Regions where nothing records though resources were touched there. */
  notRecorded: z.array(z.string()),
  limits: z.array(z.string()),
  /** The name under which the case keeps all of it; null when nothing is kept. */
  evidence: z.string().nullable(),
  /** What the user's policies allow at most; nothing where there is no user. */
  scope: Scope,
});
type Listed = z.infer<typeof output>;

/**
 * Lists what the traced sessions changed, as AWS Config recorded it, and what they may have left
 * behind to come back by, as CloudTrail told it; and says what the user's own policies and its
 * groups' allow at the very most. For a human: nothing is removed.
 *
 * It reads the traces that the case keeps. Of a resource only its states' times are kept, not its
 * configuration, which may hold secrets. Config tells nothing where no recorder is on, nor of
 * resource types that it does not record. The scope is an upper bound (see `scopeOf`); the names of
 * its policies are kept as `policies`, their documents nowhere. Of roles no scope is told.
 */
export const listChanges = defineStep({
  name: 'list-changes',
  input,
  output,
  // Config's support no resource, says its service authorization reference.
  reads: {
    'config:DescribeConfigurationRecorderStatus': { on: '*' },
    'config:GetResourceConfigHistory': { on: '*' },
    'config:ListDiscoveredResources': { on: '*' },
    ...policyReads,
  },
  writes: {},
  uses: ['evidence'],
  connect: (to) => ({
    iam: new IAMClient(patient(to)),
    config: new ClientPerRegion((region) => new ConfigServiceClient(patient({ ...to, region }))),
  }),

  async run({ accessKeyIds, userName, roles }, { iam, config }, context): Promise<Listed> {
    const { scope, limits: cut } = userName ? await userScope(iam, userName, context) : noScope;
    const trace = await keptTraces(accessKeyIds, context);
    if (!trace) {
      return { ...nothing, outcome: 'skipped', reason: 'no-trace', limits: [...cut], scope };
    }

    const since = new Date(trace.since);
    const span = { earlierTime: since, laterTime: context.now() };
    const about = { resources: trace.resources, userName, roles };
    const found = await changesIn(config, about, span, context.own.region);
    const { changes, unknown, notRecorded, asked, touched, limits } = found;
    const evidence = 'changes';
    const kept = { since: trace.since, left: trace.left, changes, unknown, notRecorded };
    await keepEvidence(context, {
      kind: 'config-changes',
      name: evidence,
      body: JSON.stringify(kept),
      type: 'json',
      source: `config:GetResourceConfigHistory since ${trace.since}`,
    });

    const reason = touched === 0 ? 'nothing-touched' : asked === 0 ? 'no-recorder' : null;
    return {
      outcome: reason ? 'skipped' : 'listed',
      reason,
      left: countKinds(trace.left),
      resources: asked,
      changes: changes.length,
      unknown: unknown.length,
      notRecorded: [...notRecorded],
      limits: [...limits, ...cut],
      evidence,
      scope,
    };
  },
});

function countKinds(left: readonly Persistence[]): Listed['left'] {
  const counts: Record<string, number> = { ...zero };
  for (const { kind } of left) counts[kind] = (counts[kind] ?? 0) + 1;
  return output.shape.left.parse(counts);
}

const nothing = {
  left: countKinds([]),
  resources: 0,
  changes: 0,
  unknown: 0,
  notRecorded: [],
  evidence: null,
};

export const handler = toLambda(listChanges);

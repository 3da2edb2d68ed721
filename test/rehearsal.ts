import { randomBytes } from 'node:crypto';
import type { Context } from 'aws-lambda';
import type * as z from 'zod';
import { CaseRecord, type CaseRef } from '../functions/shared/case-record.ts';
import { evidenceOf, keepEvidence } from '../functions/shared/evidence.ts';
import { Finding } from '../functions/shared/finding.ts';
import type { Home, Notification } from '../functions/shared/home.ts';
import type { CaseId } from '../functions/shared/ids.ts';
import type { AwsClients, JournalEntry, Mode } from '../functions/shared/journal.ts';
import { contextOf, toLambda } from '../functions/shared/lambda.ts';
import type { Settings } from '../functions/shared/settings.ts';
import { type Result, runUndo, type Step } from '../functions/shared/step.ts';
import { undoOf } from '../functions/shared/target-role.ts';
import { RehearsalAccount, type RehearsalOptions } from '../replay/account/rehearsal-account.ts';
import { AccountState } from '../replay/account/state.ts';
import { wireRehearsal } from '../replay/account/wiring.ts';
import { CaseTableInMemory } from '../replay/case-table-in-memory.ts';
import { EvidenceInMemory } from '../replay/evidence-in-memory.ts';
import { RehearsalSettings } from '../replay/rehearsal-settings.ts';
import { noteCalls } from './calls-made.ts';

/** What one run of a step came to. Exactly one of `result` and `error` is there. */
interface Ran {
  // biome-ignore lint/suspicious/noExplicitAny: each test knows the result of the step it runs
  readonly result?: any;
  readonly error?: Error;
  readonly journal: readonly JournalEntry[];
}

export const at = '2026-03-01T04:05:06.000Z';

/** A finding about `i-0aaaaaaaaaaaaaaa1`, with whatever a test says differs. */
export const finding = (differs: Partial<z.input<typeof Finding>> = {}): Finding =>
  Finding.parse({
    id: 'f1d1d1d1',
    type: 'Backdoor:EC2/C&CActivity.B',
    severity: 8,
    account: '111122223333',
    region: 'eu-west-1',
    source: 'guardduty',
    resourceType: 'Instance',
    resourceRole: 'ACTOR',
    sample: false,
    archived: false,
    updatedAt: at,
    count: 1,
    instance: { instanceId: 'i-0aaaaaaaaaaaaaaa1', networkInterfaces: [] },
    remote: { addresses: [] },
    ...differs,
  });

/**
 * A rehearsal account with an open case on `i-0aaaaaaaaaaaaaaa1`, to run steps in through their
 * Lambda handlers.
 *
 * `state` is what `account.json` holds. Runs share the account and the case, so a second run meets
 * what the first one did.
 */
export async function rehearsalOf(
  state: z.input<typeof AccountState>,
  options: {
    settings?: z.input<typeof Settings>;
    finding?: Finding;
    target?: string;
    /** The case whose playbook started this one's. */
    parent?: CaseId | undefined;
    fault?: RehearsalOptions['fault'];
    dryRun?: 'copy' | 'stand-ins';
    /** Starts the playbooks that a step asks for; left out, there is none to start. */
    start?: Home['start'];
    /** Lets a workflow go on that waits for people; left out, none waits. */
    answer?: Home['answer'];
    /** Left out, time stands still. */
    now?: () => Date;
  } = {},
) {
  const now = options.now ?? (() => new Date(at));
  const account = new RehearsalAccount(AccountState.parse(state), {
    now,
    ...(options.fault && { fault: options.fault }),
  });
  const table = new CaseTableInMemory();
  const evidence = new EvidenceInMemory();
  const cases = new CaseRecord(table, now);
  const settings = RehearsalSettings.parse(options.settings ?? {});
  const notifications: Notification[] = [];
  const found = options.finding ?? finding();
  const execution = (mode: Mode) =>
    `arn:aws:states:eu-west-1:111122223333:execution:compromised-instance:${mode}`;
  const refs: Partial<Record<Mode, CaseRef>> = {};

  /** The open case of a mode; opened at first use. */
  const open = async (mode: Mode): Promise<CaseRef> => {
    if (refs[mode]) return refs[mode];
    const opened = await cases.open({
      finding: found,
      mode,
      target: options.target ?? 'arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa1',
      execution: execution(mode),
      parent: options.parent,
      lockSeconds: 3600,
    });
    if (!('ref' in opened)) throw new Error(`the case did not open: ${opened.outcome}`);
    refs[mode] = opened.ref;
    return opened.ref;
  };
  const wire = (mode: Mode, observe?: Parameters<typeof wireRehearsal>[0]['observe']) =>
    wireRehearsal({
      account,
      mode,
      table,
      evidence,
      settings,
      notifications,
      now,
      running: new Set([execution('live'), execution('dry-run')]),
      start: options.start,
      answer: options.answer,
      newKey: () => randomBytes(32).toString('hex'),
      ...(observe && { observe }),
      ...(options.dryRun && { dryRun: options.dryRun }),
    });

  return {
    account,
    cases,
    table,
    evidence,
    /** Keeps a body of evidence, as an earlier step would have. */
    keep: (ref: CaseRef, name: string, body: string) =>
      keepEvidence(
        { home: wire(ref.mode).home, case: ref, now, actor: 'an earlier step' },
        { kind: 'cloudtrail-trace', name, body, type: 'json', source: 'a test' },
      ),
    /** The body of evidence that the case last kept by a name. */
    kept: (caseId: CaseRef['caseId'], name: string) =>
      evidenceOf({ cases, evidence }, caseId, name),
    notifications,
    open,
    execution,

    /** Runs a step by its handler: live unless said otherwise; `undefined`, said, is no mode at all. */
    async run<In, Out extends Result, Clients extends AwsClients, Before>(
      step: Step<In, Out, Clients, Before>,
      input: unknown,
      ...said: [mode?: Mode | undefined, payload?: object]
    ): Promise<Ran> {
      let ran: Ran = { journal: [] };
      // A default parameter would take `undefined` for live.
      const mode = said.length === 0 ? 'live' : said[0];
      const payload = said[1] ?? {};
      const runMode = mode ?? 'dry-run';
      const wiring = wire(runMode, ({ journal, result, error }) => {
        noteCalls(step.name, journal);
        ran = { journal, ...(result && { result }), ...(error && { error }) };
      });
      const sent = { ...(mode && { mode }), case: await open(runMode), input, ...payload };
      // A Lambda context that no step reads.
      const lambda = {} as Context;
      await toLambda(step, async () => wiring)(sent, lambda).catch((error: Error) => {
        ran = { ...ran, error };
      });
      return ran;
    },

    /** Undoes what a step recorded of each resource, as `release` does; the outcomes by resource. */
    async undo<In, Out extends Result, Clients extends AwsClients, Before>(
      step: Step<In, Out, Clients, Before>,
      mode: Mode = 'live',
    ): Promise<{ outcomes: Record<string, string>; journal: readonly JournalEntry[] }> {
      const journal: JournalEntry[] = [];
      const outcomes: Record<string, string> = {};
      // What is undone is what the live case changed, whichever mode the undo runs in.
      const ref = await open('live');
      const wiring = wire(mode);
      for (const { resource, state: before } of await cases.before(ref.caseId, step.name)) {
        const aws = step.connect(await wiring.connection(ref, mode, undoOf(step.name)));
        wiring.prepare?.(aws);
        // The mode of the undo, by which a step keeps its dry runs' records apart.
        const context = contextOf(step.name, { ...ref, mode }, wiring);
        const withhold = wiring.withhold ? { withhold: wiring.withhold } : {};
        const run = { mode, context, journal, ...withhold };
        outcomes[resource] = (await runUndo(step, before, aws, run)).outcome;
      }
      noteCalls(`undo of ${step.name}`, journal);
      return { outcomes, journal };
    },
  };
}

/** A journal as lines to compare: the call, what became of it, its input. */
export const calls = (journal: readonly JournalEntry[]) =>
  journal.map(({ call, disposition }) => `${call} ${disposition}`);

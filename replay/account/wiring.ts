import { Logger } from '@aws-lambda-powertools/logger';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import { CaseRecord } from '../../functions/shared/case-record.ts';
import type { Home, Notification } from '../../functions/shared/home.ts';
import {
  type AwsClients,
  eachClient,
  type Mode,
  type Withhold,
} from '../../functions/shared/journal.ts';
import type { Wiring } from '../../functions/shared/lambda.ts';
import type { Settings } from '../../functions/shared/settings.ts';
import type { CaseTableInMemory } from '../case-table-in-memory.ts';
import { EvidenceInMemory } from '../evidence-in-memory.ts';
import { signAsRehearsal } from '../rehearsal-signature.ts';
import { type RehearsalAccount, rehearse } from './rehearsal-account.ts';

/** What one rehearsed execution runs in. */
export interface Rehearsal {
  readonly account: RehearsalAccount;
  readonly mode: Mode;
  readonly table: CaseTableInMemory;
  /** Left out, a store of this execution's own. */
  readonly evidence?: EvidenceInMemory;
  readonly settings: Settings;
  readonly notifications: Notification[];
  now(): Date;
  /** ARNs of executions that still run; any other does not. */
  readonly running: { has(execution: string): boolean };
  /** The SDK waits between attempts as it does on AWS, by this process's timers. */
  readonly inTime?: true | undefined;
  /** Left out, a sleep takes no time and lets nobody else go on. */
  readonly sleep?: () => Promise<void>;
  /** Starts a further playbook beside this execution; left out, there is none to start. */
  readonly start?: Home['start'] | undefined;
  /** Lets a workflow go on that waits for people; left out, none waits. */
  readonly answer?: Home['answer'] | undefined;
  /** Left out, the same each time, as everything in a rehearsal is. */
  readonly newKey?: Home['newKey'];
  /** The organisational units of accounts; an account that is not named is in no organisation. */
  readonly units?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly observe?: Wiring['observe'];
  /** `stand-ins`: answer withheld writes as a dry run on AWS does, not from a copy of the account. */
  readonly dryRun?: 'copy' | 'stand-ins';
}

/**
 * The wiring of one rehearsed execution: the rehearsal account in place of AWS, memory in place of
 * the case table and of the evidence store, and no credentials, network, delays or log lines.
 *
 * A dry run works on a copy of the account, made here, that lives as long as the execution.
 */
export function wireRehearsal(rehearsal: Rehearsal): Wiring {
  const { account, mode, table, settings, notifications, now, running, observe, dryRun } =
    rehearsal;
  const { start = nothingToStart, answer = nobodyWaits, sleep = async () => {} } = rehearsal;
  const { evidence = new EvidenceInMemory() } = rehearsal;
  const copy = mode === 'dry-run' ? account.copy() : undefined;
  return {
    home: {
      cases: new CaseRecord(table, now),
      evidence,
      sign: signAsRehearsal,
      notify: async (notification) => {
        notifications.push(notification);
      },
      isRunning: async (execution) => running.has(execution),
      start,
      answer,
      unitsOf: async (account) => {
        const units = rehearsal.units?.[account];
        if (!units) throw new Error(`${account} is in no organisation that this rehearsal knows`);
        return units;
      },
      newKey: rehearsal.newKey ?? (() => 'e0'.repeat(32)),
      approvalPage: 'https://approval.example/',
    },
    settings,
    own: { account: account.state.accountId, region: account.state.region },
    now,
    sleep,
    connection: async ({ region }) => ({
      ...settled,
      region: region === 'global' ? account.state.region : region,
    }),
    prepare: (clients) => {
      if (!rehearsal.inTime) retryAtOnce(clients);
      rehearse(clients, account, copy);
    },
    logger: silent,
    ...(observe && { observe }),
    ...(dryRun !== 'stand-ins' && { withhold: playOnCopy }),
  };
}

/** One for all: to make one takes longer than many a step. */
const silent = new Logger({ logLevel: 'SILENT' });

const nobodyWaits: Home['answer'] = async () => 'gone';

const nothingToStart: Home['start'] = async (playbook) => {
  throw new Error(`this rehearsal has no playbook ${playbook} to start`);
};

/**
 * Everything that a client would look for in the environment and in the user's files, at each call
 * anew: a replay is the same whoever runs it, and a third faster.
 */
const settled = {
  credentials: { accessKeyId: 'AKIAREHEARSALACCOUNT', secretAccessKey: 'rehearsal' },
  defaultsMode: 'standard',
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  authSchemePreference: [],
  userAgentAppId: 'rehearsal',
  // Nobody checks the signature, and to compute it is a good part of a replay.
  signer: { sign: async (request: object) => request },
};

/** A withheld write goes on, marked, to the copy of the account that answers this run's reads. */
const playOnCopy: Withhold = (_grant, _input, proceed) => proceed();

/** The SDK's own retry strategy, with its own counting, and no time between attempts. */
function retryAtOnce(clients: AwsClients): void {
  eachClient(clients, ({ config }) => {
    const strategy = new ConfiguredRetryStrategy(config.maxAttempts, () => 0);
    Object.assign(config, { retryStrategy: async () => strategy });
  });
}

import { createHash } from 'node:crypto';
import type { FinalizeHandlerArguments, FinalizeRequestMiddleware } from '@smithy/types';
import {
  type AwsClients,
  callOf,
  eachClient,
  withheldMark,
} from '../../functions/shared/journal.ts';
import type { AwsCall } from '../../functions/shared/step.ts';
import { changes } from '../call-in-words.ts';
import { operations } from './operations.ts';
import { checkAgainstSchema } from './schema.ts';
import type { AccountState } from './state.ts';

/** What an operation works on: the account's state, which a write changes in place. */
export interface Desk {
  readonly state: AccountState;
  /** The Region the call went to. */
  readonly region: string;
  now(): Date;
  /** A new id of AWS's shape, the same for the same call and input in the same account. */
  newId(prefix: string): string;
}

/** One AWS operation of the rehearsal account: an output, or a thrown service exception. */
// biome-ignore lint/suspicious/noExplicitAny: each operation narrows its own input, which the schema has checked
export type Operation = (desk: Desk, input: any) => object;

/** Makes a call fail: `before` it reaches the account, or `after` it took effect. */
export type Fault = { readonly when: 'before' | 'after'; readonly error: Error };

export interface RehearsalOptions {
  now(): Date;
  /** Awaited before every answer; the bench measures with it. */
  latency?(call: AwsCall, region: string): Promise<void>;
  /** Asked at every attempt of every call. */
  fault?(call: AwsCall, input: object, region: string): Fault | undefined;
}

/** Ids that AWS would not give out again: all that an account began with, and those made since. */
interface Ids {
  readonly atFirst: string;
  readonly made: Set<string>;
}

/**
 * The made-up AWS account that replays and tests run against.
 *
 * It answers inside the SDK's own stack, below retry, serialising and signing, so all of these are
 * real; it refuses a call that breaks AWS's own model of it. A copy shares the state until either
 * side writes.
 */
export class RehearsalAccount {
  #state: AccountState;
  #shared = false;
  readonly #options: RehearsalOptions;
  readonly #ids: Ids;

  constructor(
    state: AccountState,
    options: RehearsalOptions,
    ids: Ids = { atFirst: JSON.stringify(state), made: new Set() },
  ) {
    this.#state = structuredClone(state);
    this.#options = options;
    this.#ids = ids;
  }

  /** The account as it is now. Not to be changed. */
  get state(): Readonly<AccountState> {
    return this.#state;
  }

  /** An account of the same state, whose changes this one never sees. */
  copy(): RehearsalAccount {
    const { atFirst, made } = this.#ids;
    const ids = { atFirst, made: new Set(made) };
    const copy = new RehearsalAccount(emptyState(this.#state), this.#options, ids);
    copy.#state = this.#state;
    copy.#shared = true;
    this.#shared = true;
    return copy;
  }

  /** Answers a call that went to `region`, which is the account's own unless said. */
  async answer(call: AwsCall, input: object, region: string = this.#state.region): Promise<object> {
    await this.#options.latency?.(call, region);
    const fault = this.#options.fault?.(call, input, region);
    if (fault?.when === 'before') throw fault.error;

    const operation = operations[call];
    if (!operation) throw new Error(`the rehearsal account has no ${call}`);
    if ((changes(call) || ages(call, this.#state)) && this.#shared) {
      this.#state = structuredClone(this.#state);
      this.#shared = false;
    }
    const output = operation(this.#desk(call, input, region), input);
    if (fault) throw fault.error;
    // What leaves is a copy: nobody may change the account but by a call.
    return structuredClone(output);
  }

  #desk(call: AwsCall, input: object, region: string): Desk {
    const state = this.#state;
    const { atFirst, made } = this.#ids;
    return {
      state,
      region,
      now: this.#options.now,
      newId: (prefix) => {
        for (let attempt = 0; ; attempt++) {
          const hash = createHash('sha256').update(JSON.stringify([call, input, attempt]));
          const id = `${prefix}-0${hash.digest('hex').slice(0, 16)}`;
          if (made.has(id) || atFirst.includes(id)) continue;
          made.add(id);
          return id;
        }
      },
    };
  }
}

/**
 * Reads that are remembered: a command comes one look further each time it is asked about. A query
 * of logs is a read to AWS, which yet keeps that it was started.
 */
export const looksAge: ReadonlySet<AwsCall> = new Set([
  'ssm:GetCommandInvocation',
  'cloudtrail:LookupEvents',
  'logs:StartQuery',
  'logs:StopQuery',
  'logs:GetQueryResults',
]);

const ages = (call: AwsCall, { iam }: AccountState): boolean =>
  looksAge.has(call) || (iam.stale.length > 0 && call.startsWith('iam:'));

/**
 * Makes `clients` answer from `account` instead of the network.
 *
 * With a `copy`, which a dry run has, reads and withheld writes are answered by the copy alone, and
 * a write that was not withheld is refused: the last net under the journal.
 */
export function rehearse(clients: AwsClients, account: RehearsalAccount, copy?: RehearsalAccount) {
  const middlewareOf =
    (region: () => Promise<string>): FinalizeRequestMiddleware<object, object> =>
    (_next, context) =>
    async (args: FinalizeHandlerArguments<object>) => {
      const call = callOf(context);
      if (copy && changes(call) && !context[withheldMark]) {
        throw new Error(`a dry run sent ${call}`);
      }
      checkAgainstSchema(call, args);
      const output = await (copy ?? account).answer(call, args.input, await region());
      return { output: { $metadata: {}, ...output }, response: undefined };
    };
  eachClient(clients, ({ middlewareStack, config }) => {
    middlewareStack.add(middlewareOf(config.region), {
      name: 'rehearsal',
      step: 'finalizeRequest',
      priority: 'low',
    });
  });
}

const emptyState = ({ accountId, region }: AccountState) => ({ accountId, region }) as AccountState;

import { createHash } from 'node:crypto';
import type { Finding } from '../functions/shared/finding.ts';
import { accountFromFinding } from './account/from-finding.ts';
import { RehearsalAccount, type RehearsalOptions } from './account/rehearsal-account.ts';
import type { AccountState } from './account/state.ts';
import { CaseTableInMemory } from './case-table-in-memory.ts';
import { EvidenceInMemory } from './evidence-in-memory.ts';
import { Turns } from './turns.ts';
import { Waits } from './waits.ts';

/** What executions meet each other in: an account, its cases, and who still runs. */
class World {
  readonly account: RehearsalAccount;
  readonly table: CaseTableInMemory;
  readonly evidence: EvidenceInMemory;
  readonly running = new Set<string>();
  readonly taken = new Set<string>();
  readonly turns = new Turns();
  readonly waits = new Waits();
  /** The time of the last finding in it: what is asked for by hand comes after. */
  time = new Date(0);
  #executions = 0;

  constructor(state: AccountState, options: RehearsalOptions) {
    this.account = new RehearsalAccount(state, options);
    const { latency } = options;
    const { region } = state;
    this.table = new CaseTableInMemory(
      latency && (() => latency('dynamodb:TransactWriteItems', region)),
    );
    this.evidence = new EvidenceInMemory(latency && (() => latency('s3:PutObject', region)));
  }

  /** Whether a case of this id was opened here. */
  knows(caseId: string): boolean {
    return this.table.items().some(({ pk, sk }) => pk === `case#${caseId}` && sk === 'case');
  }

  /** An execution's name: the same in every replay, and another for each in this world. */
  nextName(request: object): string {
    const hash = createHash('sha256').update(`${++this.#executions} ${JSON.stringify(request)}`);
    return `replay-${hash.digest('hex').slice(0, 32)}`;
  }
}

/**
 * The worlds of one case: a single one where its `account.json` says what there is; otherwise one
 * for each target, built from the first finding about it.
 */
export class Worlds {
  readonly #given: AccountState | undefined;
  readonly #options: Omit<RehearsalOptions, 'now'>;
  readonly #worlds = new Map<string, World>();

  constructor(given: AccountState | undefined, options: Omit<RehearsalOptions, 'now'>) {
    this.#given = given;
    this.#options = options;
  }

  of(target: string, finding: Finding): World {
    const world = this.#of(target, finding);
    world.time = new Date(finding.updatedAt);
    return world;
  }

  /** The world that a case was opened in; undefined where none was. */
  where(caseId: string): World | undefined {
    return [...this.#worlds.values()].find((world) => world.knows(caseId));
  }

  #of(target: string, finding: Finding): World {
    const key = this.#given ? 'given' : target;
    const known = this.#worlds.get(key);
    if (known) return known;
    const now = () => new Date(finding.updatedAt);
    const world = new World(this.#given ?? accountFromFinding(finding), { ...this.#options, now });
    this.#worlds.set(key, world);
    return world;
  }
}

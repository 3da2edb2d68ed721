import type { AtOnce } from './at-once.ts';
import type { FaultName } from './faults.ts';
import type { Ending } from './invariants.ts';
import type { Tried } from './run-case.ts';
import type { Way } from './scenario.ts';

/** A fault of the matrix, or several findings at once. */
export type Row = FaultName | AtOnce['kind'];

/** How often a fault was tried at one call of one case, and how often it ended so. */
export interface Cell {
  readonly source: string;
  readonly priority: string;
  readonly way: Way;
  /** Null where several findings arrived at once. */
  readonly call: string | null;
  readonly fault: Row;
  readonly ending: Ending;
  tried: number;
  /** Of these, how many were run themselves; the rest are known to be the same run as another. */
  run: number;
}

/** One run that broke an invariant. */
export interface Violation {
  readonly source: string;
  readonly priority: string;
  readonly way: Way;
  readonly fault: Row;
  readonly step: string | null;
  readonly state: string | null;
  readonly call: string | null;
  readonly violations: readonly string[];
}

/** What one case has come to in one priority. */
export interface Tally {
  readonly cells: readonly Cell[];
  readonly violations: readonly Violation[];
}

/** Counts what was tried. */
export class Counting {
  readonly #cells = new Map<string, Cell>();
  readonly #violations: Violation[] = [];

  fault({ source, priority, way, attempt, fault, ending, violations, sameAs }: Tried): void {
    const { step, state, call } = attempt;
    this.#count({ source, priority, way, call, fault, ending }, sameAs === null);
    if (ending !== 'violated') return;
    this.#violations.push({ source, priority, way, fault, step, state, call, violations });
  }

  atOnce({ source, priority, way, kind, ending, violations }: AtOnce): void {
    this.#count({ source, priority, way, call: null, fault: kind, ending }, true);
    if (ending !== 'violated') return;
    const nowhere = { step: null, state: null, call: null };
    this.#violations.push({ source, priority, way, fault: kind, ...nowhere, violations });
  }

  get tally(): Tally {
    return { cells: [...this.#cells.values()], violations: this.#violations };
  }

  #count(of: Omit<Cell, 'tried' | 'run'>, wasRun: boolean): void {
    const key = JSON.stringify(of);
    const cell = this.#cells.get(key) ?? { ...of, tried: 0, run: 0 };
    cell.tried++;
    if (wasRun) cell.run++;
    this.#cells.set(key, cell);
  }
}

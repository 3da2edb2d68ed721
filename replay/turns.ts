interface Sleeper {
  readonly own: string;
  /** Executions of which no step has ended since it fell asleep. */
  readonly waitsFor: Set<string>;
  wake(): void;
}

/**
 * Lets executions in one world wait for each other, where no time passes: a sleep lasts until a step
 * of each other one has ended, so that what comes of it does not depend on how fast the machine is,
 * nor on how much goes on beside what is waited for.
 */
export class Turns {
  #asleep: readonly Sleeper[] = [];

  /** Returns at once where nobody else of `running` executions is there to be waited for. */
  async sleep(own: string, running: ReadonlySet<string>): Promise<void> {
    const waitsFor = new Set([...running].filter((other) => other !== own));
    await new Promise<void>((wake) => {
      this.#asleep = [...this.#asleep, { own, waitsFor, wake }];
      this.#wakeWhoever();
    });
  }

  /** A step of an execution has ended, or the whole of it. */
  stepEnded(execution: string): void {
    for (const { waitsFor } of this.#asleep) waitsFor.delete(execution);
    this.#wakeWhoever();
  }

  /** Whoever waits for sleepers only would wait forever. */
  #wakeWhoever(): void {
    const sleeping = new Set(this.#asleep.map(({ own }) => own));
    const mayWake = ({ waitsFor }: Sleeper) => [...waitsFor].every((other) => sleeping.has(other));
    const awake = this.#asleep.filter(mayWake);
    this.#asleep = this.#asleep.filter((sleeper) => !mayWake(sleeper));
    for (const { wake } of awake) wake();
  }
}

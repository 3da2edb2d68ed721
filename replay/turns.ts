/**
 * Lets executions in one world wait for each other, where no time passes: a sleep lasts until a step
 * of any of them has ended, so that what comes of it does not depend on how fast the machine is.
 */
export class Turns {
  #asleep: (() => void)[] = [];

  /** Returns at once where nobody else of `running` executions is there to be waited for. */
  async sleep(running: number): Promise<void> {
    if (running <= 1) return;
    await new Promise<void>((wake) => {
      this.#asleep.push(wake);
      // Nobody is left whose step could end.
      if (this.#asleep.length >= running) this.stepEnded();
    });
  }

  /** A step has ended, or a whole execution: whoever sleeps looks again. */
  stepEnded(): void {
    for (const wake of this.#asleep.splice(0)) wake();
  }
}

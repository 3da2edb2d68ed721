/**
 * Time that passes only while everything waits for it, so that what waits 20 ms waits exactly
 * 20 ms whatever else the machine does.
 *
 * It takes all work to go on without timers and without input or output, as a replay's does once
 * its modules are loaded: then nothing is left to run when the event loop has turned.
 */
export class VirtualTime {
  #now = 0;
  #waiting: { readonly until: number; wake(): void }[] = [];
  #turning = false;

  get now(): number {
    return this.#now;
  }

  pass(milliseconds: number): Promise<void> {
    return new Promise((wake) => {
      this.#waiting.push({ until: this.#now + milliseconds, wake });
      if (!this.#turning) void this.#turn();
    });
  }

  async #turn(): Promise<void> {
    this.#turning = true;
    while (this.#waiting.length > 0) {
      await new Promise((turned) => setImmediate(turned));
      this.#now = Math.min(...this.#waiting.map(({ until }) => until));
      const due = this.#waiting.filter(({ until }) => until <= this.#now);
      this.#waiting = this.#waiting.filter(({ until }) => until > this.#now);
      for (const { wake } of due) wake();
    }
    this.#turning = false;
  }
}

/** What is to be done at a time; undefined once it was called off. */
interface Due {
  readonly at: number;
  readonly order: number;
  wake: (() => void) | undefined;
}

/**
 * Time that passes only while everything waits for it, so that what waits 20 ms waits exactly
 * 20 ms whatever else the machine does.
 *
 * It takes all work to go on without timers and without input or output, as a replay's does once
 * its modules are loaded: then nothing is left to run when the event loop has turned.
 */
export class VirtualTime {
  #now = 0;
  #order = 0;
  #turning = false;
  /** A binary heap, the earliest first: thousands wait at once. */
  readonly #heap: Due[] = [];

  get now(): number {
    return this.#now;
  }

  pass(milliseconds: number): Promise<void> {
    return new Promise((wake) => {
      this.after(milliseconds, wake);
    });
  }

  /** Does something later, in the order of asking where times are the same. What it returns calls it off. */
  after(milliseconds: number, wake: () => void): () => void {
    const due: Due = { at: this.#now + Math.max(0, milliseconds), order: this.#order++, wake };
    this.#push(due);
    if (!this.#turning) void this.#turn();
    return () => {
      due.wake = undefined;
    };
  }

  async #turn(): Promise<void> {
    this.#turning = true;
    for (;;) {
      await new Promise((turned) => setImmediate(turned));
      while (this.#heap[0] && !this.#heap[0].wake) this.#pop();
      const [first] = this.#heap;
      if (!first) break;
      this.#now = first.at;
      while (this.#heap[0] && this.#heap[0].at <= this.#now) this.#pop()?.wake?.();
    }
    this.#turning = false;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    for (let above = (at - 1) >> 1; at > 0; at = above, above = (at - 1) >> 1) {
      const parent = heap[above];
      if (!parent || isBefore(parent, due)) break;
      heap[at] = parent;
      heap[above] = due;
    }
  }

  #pop(): Due | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ; ) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      const less = right && left && isBefore(right, left) ? right : left;
      if (!less || isBefore(last, less)) return first;
      const below = less === left ? 2 * at + 1 : 2 * at + 2;
      heap[at] = less;
      heap[below] = last;
      at = below;
    }
  }
}

const isBefore = (one: Due, other: Due): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);

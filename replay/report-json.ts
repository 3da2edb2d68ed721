import type { Replay } from './replay.ts';

/** Characters that JSON allows in a string and a terminal obeys. */
const obeyed = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Prints replays as one JSON document, each as soon as it is there: the same bytes for the same
 * replays, and no more of them in memory than one.
 */
export class JsonReport {
  readonly #print: (text: string) => void;
  #printed = 0;

  constructor(print: (text: string) => void) {
    this.#print = print;
    print('{\n  "replays": [');
  }

  add(replay: Replay): void {
    const text = JSON.stringify(replay, null, 2).replaceAll('\n', '\n    ');
    this.#print(`${this.#printed++ > 0 ? ',' : ''}\n    ${text.replaceAll(obeyed, escaped)}`);
  }

  end(): void {
    this.#print(`${this.#printed > 0 ? '\n  ' : ''}]\n}\n`);
  }
}

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

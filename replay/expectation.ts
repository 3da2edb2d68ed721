import type { ExpectedReplay } from './read-case.ts';
import type { Replay } from './replay.ts';

/** What a replay came to, in the words of `expected.json`. */
export const cameTo = ({ status, steps }: Replay): ExpectedReplay => ({
  status,
  steps: steps.map(({ step, outcome }) => ({ step, outcome })),
  calls: steps.flatMap(({ step, calls }) => calls.map(({ call }) => `${step} ${call}`)),
});

/** How each replay differs from what its case expects, a line for each difference. */
export function differences(
  replays: readonly Replay[],
  expected: readonly ExpectedReplay[],
): readonly (readonly string[])[] {
  return replays.map((replay, index) => {
    const wanted = expected[index];
    const last = index === replays.length - 1;
    const missing = last ? expected.slice(replays.length) : [];
    return [
      ...(wanted ? compare(wanted, cameTo(replay)) : ['expected no further finding']),
      ...missing.map(({ status }) => `expected one more finding, ${status}`),
    ];
  });
}

function compare(wanted: ExpectedReplay, got: ExpectedReplay): readonly string[] {
  const words = ({ steps }: ExpectedReplay) =>
    steps.map(({ step, outcome }) => `${step} ${outcome}`);
  return [
    ...(wanted.status === got.status ? [] : [`expected ${wanted.status}, came to ${got.status}`]),
    ...lineDifferences('step', words(wanted), words(got)),
    ...lineDifferences('call', wanted.calls, got.calls),
  ];
}

/** Lines taken away and added, by their longest common subsequence, as `diff` shows them. */
function lineDifferences(
  what: string,
  wanted: readonly string[],
  got: readonly string[],
): readonly string[] {
  const common = commonLengths(wanted, got);
  const lines: string[] = [];
  let [w, g] = [0, 0];
  while (w < wanted.length || g < got.length) {
    if (w < wanted.length && wanted[w] === got[g]) {
      w++;
      g++;
    } else if (g >= got.length || (common[w + 1]?.[g] ?? -1) >= (common[w]?.[g + 1] ?? 0)) {
      lines.push(`- ${what} ${w + 1}: ${wanted[w++]}`);
    } else {
      lines.push(`+ ${what} ${g + 1}: ${got[g++]}`);
    }
  }
  return lines;
}

/** `lengths[w][g]`: how many lines the rests from `w` and `g` have in common, in order. */
function commonLengths(wanted: readonly string[], got: readonly string[]): number[][] {
  const lengths = Array.from({ length: wanted.length + 1 }, () =>
    new Array<number>(got.length + 1).fill(0),
  );
  for (let w = wanted.length - 1; w >= 0; w--) {
    for (let g = got.length - 1; g >= 0; g--) {
      const row = lengths[w];
      if (!row) continue;
      row[g] =
        wanted[w] === got[g]
          ? (lengths[w + 1]?.[g + 1] ?? 0) + 1
          : Math.max(lengths[w + 1]?.[g] ?? 0, row[g + 1] ?? 0);
    }
  }
  return lengths;
}

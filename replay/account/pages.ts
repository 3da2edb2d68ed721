/**
 * One page of a list, and the token of the next where there is one.
 *
 * A token says where its page starts. `unusable` makes the error for one that says anything else.
 */
export function pageOf<T>(
  items: readonly T[],
  { size, token }: { size: number; token: string | undefined },
  unusable: () => Error,
): { items: T[]; next?: string } {
  const start = token === undefined ? 0 : Number(/^from-(\d+)$/.exec(token)?.[1] ?? Number.NaN);
  if (Number.isNaN(start)) throw unusable();
  const end = start + size;
  return {
    items: items.slice(start, end),
    ...(end < items.length && { next: `from-${end}` }),
  };
}

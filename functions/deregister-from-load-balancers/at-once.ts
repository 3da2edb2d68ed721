/**
 * Does every piece of work, ten at a time, whatever becomes of the others, and only then throws
 * the first failure: one load balancer that cannot be left must not keep the instance in the rest.
 * Ten, because the account's rate for these calls is shared with everybody else in it.
 */
export async function atOnce<T>(work: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: PromiseSettledResult<T>[] = [];
  for (let next = 0; next < work.length; next += 10) {
    results.push(
      ...(await Promise.allSettled(work.slice(next, next + 10).map((piece) => piece()))),
    );
  }
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

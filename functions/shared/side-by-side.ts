/**
 * Waits until every one of several requests has ended, then throws the first failure in their order.
 *
 * `Promise.all` throws while the others are still under way: Lambda would freeze them with the
 * step's answer already given, and the journal would not say what became of them.
 */
export async function sideBySide<const Requests extends readonly unknown[]>(requests: Requests) {
  await Promise.allSettled(requests);
  return Promise.all(requests);
}

import { IAMServiceException } from '@aws-sdk/client-iam';

/** Whether IAM does not let Cordon read something. The code is on the wire, and in no model. */
export const isRefused = (error: unknown): boolean =>
  error instanceof IAMServiceException && /^AccessDenied/.test(error.name);

/** Everything that pages of a list hold, told apart by `of`. */
export async function everyOne<Page, T>(
  pages: AsyncIterable<Page>,
  of: (page: Page) => readonly T[] | undefined,
): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...(of(page) ?? []));
  return all;
}

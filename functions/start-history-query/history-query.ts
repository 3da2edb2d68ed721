import { createHash } from 'node:crypto';
import type { CaseId } from '../shared/ids.ts';
import type { TracedRole } from '../shared/trace.ts';

/** Whose calls are asked for. */
interface Asked {
  readonly accessKeyIds: readonly string[];
  readonly userName: string | null;
  readonly roleName: string | null;
  readonly sessionName: string | null;
  readonly roles: readonly TracedRole[];
}

/** StartQuery takes 10,000 characters. */
const mostCharacters = 9_500;

/** Rows a query may give: one answer's worth. */
export const mostRows = 10_000;

/** No document and no token is among them: the history is kept in the case. */
const fields = [
  'eventTime',
  'awsRegion',
  'eventSource',
  'eventName',
  'errorCode',
  'sourceIPAddress',
  'userIdentity.accessKeyId',
  'userIdentity.arn',
  'eventID',
];

/** The first line of a query: what a retry, which asks the same later, finds a lost one by. */
function markOf(caseId: CaseId, terms: readonly string[]): string {
  const hash = createHash('sha256').update(terms.join('\n')).digest('hex');
  return `# cordon ${caseId} ${hash.slice(0, 10)}`;
}

/** A query as it is sent. Its first line marks it as this case's for these principals. */
export interface HistoryQuery {
  readonly mark: string;
  readonly text: string;
  /** Principals for which it has no room. */
  readonly leftOut: number;
}

/** The query for the calls of these principals; undefined when none is asked for. */
export function historyQuery(
  caseId: CaseId,
  account: string,
  asked: Asked,
): HistoryQuery | undefined {
  const terms = termsFor(account, asked);
  if (terms.length === 0) return undefined;
  const mark = markOf(caseId, terms);
  const fitting = [...terms];
  while (write(mark, fitting).length > mostCharacters) fitting.pop();
  return { mark, text: write(mark, fitting), leftOut: terms.length - fitting.length };
}

function termsFor(account: string, asked: Asked): string[] {
  const { accessKeyIds, userName, roleName, sessionName, roles } = asked;
  const own = { account, roleName, sessionName };
  const sessions = [...(roleName ? [own] : []), ...roles].map((role) => {
    const arn = `arn:aws:sts::${role.account}:assumed-role/${role.roleName}/`;
    return role.sessionName
      ? `userIdentity.arn = ${quoted(arn + role.sessionName)}`
      : `strcontains(userIdentity.arn, ${quoted(arn)})`;
  });
  return [
    ...new Set([
      ...accessKeyIds.map((id) => `userIdentity.accessKeyId = ${quoted(id)}`),
      ...(userName
        ? [`userIdentity.type = "IAMUser" and userIdentity.userName = ${quoted(userName)}`]
        : []),
      ...sessions,
    ]),
  ];
}

const write = (mark: string, terms: readonly string[]): string =>
  [
    mark,
    `fields ${fields.join(', ')}`,
    `| filter ${terms.map((term) => `(${term})`).join(' or ')}`,
    '| sort eventTime asc',
    `| limit ${mostRows}`,
  ].join('\n');

/**
 * A value as a string of the query language. The input's schemas let nothing through that has a
 * meaning there; should one of them ever do, no query is written.
 */
function quoted(value: string): string {
  if (!/^[\w+=,.@:/-]+$/.test(value)) throw new Error('a value that cannot be quoted in a query');
  return `"${value}"`;
}

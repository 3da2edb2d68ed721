import type { Finding } from '../functions/shared/finding.ts';
import { type ParsedFinding, parseFindings } from '../functions/shared/parse-finding.ts';
import {
  asksForRelease,
  parseRelease,
  type ReleaseRequest,
} from '../functions/shared/release-request.ts';
import { UnusableInputError } from '../functions/shared/unusable-input.ts';
import type { Case, Document } from './read-case.ts';
import { targetName } from './target-name.ts';

/** A finding of a case, a case to release, or why a part of it is neither. */
export type Item =
  | { readonly source: string; readonly target: string; readonly parsed: ParsedFinding }
  | ReleaseItem
  | { readonly source: string; readonly target: null; readonly problem: string };

/** A case that an earlier finding of the same folder has opened is to be released. */
export interface ReleaseItem {
  readonly source: string;
  readonly target: string;
  readonly file: string;
  /** As it was written, and as it was read. */
  readonly said: object;
  readonly release: ReleaseRequest;
}

/** The time of a start by hand, which has no event to take it from. */
const timeOfManual = new Date('2026-01-01T00:00:00.000Z');
/** Where Cordon stands in a replay, unless the case's `account.json` says otherwise. */
const own = { account: '111122223333', region: 'eu-west-1' };

/** Every finding of a case in order, each bad one with the file and the JSON path at fault. */
export function findingsIn(of: Case): readonly Item[] {
  const surroundings = {
    account: of.account?.accountId ?? own.account,
    region: of.account?.region ?? own.region,
    now: timeOfManual,
  };
  return of.documents.flatMap((document) => {
    const source = of.documents.length > 1 ? document.file : of.source;
    if ('problem' in document) return [invalid(source, document, document.problem)];
    return membersOf(document.value).flatMap(({ alone, index }): readonly Item[] => {
      try {
        const release = releaseIn(alone);
        if (release) return [{ source, file: document.file, ...release }];
        const found = parseFindings(alone, surroundings);
        return found.map((parsed) => ({ source, target: targetOf(parsed.finding), parsed }));
      } catch (error) {
        if (!(error instanceof UnusableInputError)) throw error;
        const problem = error.message.replaceAll(/\$(\.Findings)?\[0\]/g, `$$$1[${index}]`);
        return [invalid(source, document, problem)];
      }
    });
  });
}

function releaseIn(alone: unknown): Omit<ReleaseItem, 'source' | 'file'> | undefined {
  const said = Array.isArray(alone) ? alone[0] : alone;
  if (!asksForRelease(said)) return undefined;
  const release = parseRelease(said);
  return { target: `release of ${release.caseId}`, said, release };
}

const invalid = (source: string, { file }: Document, problem: string): Item => ({
  source,
  target: null,
  problem: `${file}: ${problem}`,
});

/** Each member of a list of findings by itself, so that a bad one does not hide the good ones. */
function membersOf(document: unknown): readonly { alone: unknown; index: number }[] {
  const each = (list: readonly unknown[], wrap: (one: unknown) => unknown) =>
    list.map((one, index) => ({ alone: wrap(one), index }));
  if (Array.isArray(document) && document.length > 0) return each(document, (one) => [one]);
  if (typeof document === 'object' && document && 'Findings' in document) {
    const { Findings: list } = document;
    if (Array.isArray(list) && list.length > 0) {
      return each(list, (one) => ({ ...document, Findings: [one] }));
    }
  }
  return [{ alone: document, index: 0 }];
}

const targetOf = (finding: Finding): string =>
  [finding.account, finding.region, targetName(finding) ?? finding.id].join(' ');

import * as z from 'zod';
import { camelCase, pascalCase } from './camel-case.ts';
import type { Finding } from './finding.ts';
import { eventOf } from './guardduty-event.ts';
import { isAsff, parseAsff } from './parse-asff.ts';
import { parseGuardDuty } from './parse-guardduty.ts';
import { inside, type Place, parseAt, refuse } from './place.ts';

/** One finding of a document, with what a replay needs to route it and to start its workflow. */
export interface ParsedFinding {
  readonly finding: Finding;
  /** The event as GuardDuty puts it on the bus; the original where it was one. */
  readonly event: object;
  /** The workflow's input: `{ event }`, or the manual input as it was written. */
  readonly request: object;
  /** Where in the document the finding stands. */
  readonly path: string;
}

/**
 * Reads the findings of one document: an event of GuardDuty's or Security Hub's, a finding alone in
 * either's form, or what the `get-findings` command of either prints.
 *
 * `now` is the time of a finding that tells none.
 */
export function readDocument(
  said: Readonly<Record<string, unknown>>,
  place: Place,
  now: Date,
): readonly ParsedFinding[] {
  if ('detail' in said || 'detail-type' in said) return readEvent(said, place, now);
  if (!Array.isArray(said.Findings)) return [readFinding(said, place, now)];
  if (said.Findings.length === 0) {
    refuse(inside(place, 'Findings'), 'at least one finding, found an empty list');
  }
  return said.Findings.map((one: unknown, index) => {
    const at = inside(place, 'Findings', index);
    return readFinding(members(one, at), at, now);
  });
}

function readFinding(said: object, place: Place, now: Date): ParsedFinding {
  if (isAsff(said)) return readAsff(said, place, now);
  if (isPascal(said)) {
    const detail = camelCase(said);
    const finding = parseGuardDuty(detail, { ...place, spell: pascalCase }, now);
    return started(finding, eventOf(finding, detail), place);
  }
  if (!['accountId', 'resource', 'service', 'type'].some((member) => member in said)) {
    refuse(place, known, said);
  }
  const finding = parseGuardDuty(said, place, now);
  return started(finding, eventOf(finding, said), place);
}

const isPascal = (said: object): boolean =>
  ['AccountId', 'Resource', 'Service', 'Type'].some((member) => member in said);

function readAsff(said: object, place: Place, now: Date, carrier?: Carrier): ParsedFinding {
  const finding = parseAsff(said, place, now);
  const { id, account, region, updatedAt: time } = finding;
  const type = { 'detail-type': 'Security Hub Findings - Imported', source: 'aws.securityhub' };
  const event = {
    ...(carrier?.envelope ?? { version: '0', id, ...type, account, time, region, resources: [] }),
    detail: { ...carrier?.detail, findings: [said] },
  };
  return { ...started(finding, event, place), event: eventOf(finding) };
}

/** The event that Security Hub sent a finding in, maybe with others. */
interface Carrier {
  readonly envelope: object;
  readonly detail: object;
}

const started = (finding: Finding, event: object, { path }: Place): ParsedFinding => ({
  finding,
  event,
  request: { event },
  path,
});

const Envelope = z.object({ source: z.string(), 'detail-type': z.string() });

function readEvent(
  said: Readonly<Record<string, unknown>>,
  place: Place,
  now: Date,
): readonly ParsedFinding[] {
  const { source, 'detail-type': type } = parseAt(Envelope, said, place);
  const at = inside(place, 'detail');
  if (source === 'aws.securityhub') return readSecurityHub(said, type, place, now);
  if (source !== 'aws.guardduty') {
    refuse(inside(place, 'source'), '"aws.guardduty" or "aws.securityhub"', source);
  }
  if (type !== 'GuardDuty Finding') {
    refuse(inside(place, 'detail-type'), '"GuardDuty Finding"', type);
  }
  const detail = members(said.detail, at);
  if (isPascal(detail)) {
    refuse(
      at,
      "EventBridge's camelCase (accountId, resource, type), found the SDK's PascalCase " +
        '(AccountId, Resource, Type), which no event bus carries: such an event matches no rule. ' +
        'To replay the finding, hand over what is in detail alone',
    );
  }
  return [started(parseGuardDuty(detail, at, now), said, at)];
}

function readSecurityHub(
  said: Readonly<Record<string, unknown>>,
  type: string,
  place: Place,
  now: Date,
): readonly ParsedFinding[] {
  if (!/^Security Hub Findings - (?:Imported|Custom Action)$/.test(type)) {
    refuse(
      inside(place, 'detail-type'),
      '"Security Hub Findings - Imported" or "Security Hub Findings - Custom Action"',
      type,
    );
  }
  const { findings, ...detail } = parseAt(
    z.looseObject({ findings: z.array(z.unknown()).min(1) }),
    said.detail,
    inside(place, 'detail'),
  );
  return findings.map((one, index) => {
    const at = inside(place, 'detail', 'findings', index);
    return readAsff(members(one, at), at, now, { envelope: said, detail });
  });
}

/** The members of what should be an object with a finding in it. */
export function members(json: unknown, place: Place): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) refuse(place, known, json);
  return { ...json };
}

const known =
  'a GuardDuty or Security Hub finding, an EventBridge event with one, or a start by hand with ' +
  'instanceId, accessKeyId, userName or roleName';

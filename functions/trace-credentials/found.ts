import type { AccessKeyId } from '../shared/ids.ts';
import { plainText } from '../shared/plain-text.ts';
import type { KeptTrace, Persistence, TracedRole } from '../shared/trace.ts';
import { mintedBy } from './minted.ts';
import { persistenceIn } from './persistence.ts';
import { caller, type TrailEvent } from './trail-event.ts';

/** Far more than an incident has, far less than a Lambda's memory. */
const most = { listed: 1_000, sources: 2_000, calls: 1_000, errors: 200, resources: 2_000 };

type Resource = KeptTrace['resources'][number];

/** What a trace has found so far. It grows with what matters, not with the number of events. */
export interface Found {
  pages: number;
  events: number;
  unreadable: number;
  firstUse: string | null;
  lastUse: string | null;
  readonly limits: Set<string>;
  readonly roles: Map<string, TracedRole>;
  readonly elsewhere: Map<string, TracedRole>;
  readonly otherAccounts: Set<string>;
  readonly persistence: Persistence[];
  readonly sources: Map<string, number>;
  readonly errors: Map<string, number>;
  readonly calls: Map<string, number>;
  readonly resources: Map<string, Resource>;
  /** Events one by one, as lines of JSON, and which they are: one may be looked up twice. */
  readonly lines: string[];
  readonly seen: Set<string>;
}

export const nothingFound = (): Found => ({
  pages: 0,
  events: 0,
  unreadable: 0,
  firstUse: null,
  lastUse: null,
  limits: new Set(),
  roles: new Map(),
  elsewhere: new Map(),
  otherAccounts: new Set(),
  persistence: [],
  sources: new Map(),
  errors: new Map(),
  calls: new Map(),
  resources: new Map(),
  lines: [],
  seen: new Set(),
});

/** Adds an event to what was found; returns the key of the session that it opened, where it did. */
export function note(
  found: Found,
  event: TrailEvent,
  { ownAccount, mostEvents }: { ownAccount: string; mostEvents: number },
): AccessKeyId | undefined {
  if (event.eventId && found.seen.has(event.eventId)) return undefined;
  found.events++;
  if (!event.record) found.unreadable++;
  count(found.calls, `${event.service}:${event.name}`, most.calls);
  noteUse(found, event);
  noteTouched(found, event);
  keepLine(found, event, mostEvents);

  const left = persistenceIn(event);
  if (left && found.persistence.length < most.listed) found.persistence.push(left);
  else if (left) found.limits.add('persistence');
  return noteMinted(found, event, ownAccount);
}

function noteUse(found: Found, { at, record }: TrailEvent): void {
  if (at && (!found.firstUse || at < found.firstUse)) found.firstUse = at;
  if (at && (!found.lastUse || at > found.lastUse)) found.lastUse = at;
  const { sourceIPAddress, errorCode } = record ?? {};
  if (sourceIPAddress) count(found.sources, plainText(sourceIPAddress, 64), most.sources);
  if (errorCode) count(found.errors, plainText(errorCode, 64), most.errors);
}

/** The resources of a call that was no mere look and was not refused. */
function noteTouched(found: Found, { readOnly, record, region, resources }: TrailEvent): void {
  if (readOnly || record?.errorCode) return;
  for (const { type, name } of resources) {
    const key = `${region} ${type} ${name}`;
    const known = found.resources.get(key);
    if (known) known.events++;
    else if (found.resources.size < most.resources)
      found.resources.set(key, { type, name, region, events: 1 });
    else found.limits.add('resources');
  }
}

function keepLine(found: Found, event: TrailEvent, mostEvents: number): void {
  if (found.lines.length >= mostEvents) {
    found.limits.add('events');
    return;
  }
  const { eventId, at, region, service, name, record } = event;
  found.seen.add(eventId);
  found.lines.push(
    JSON.stringify({
      eventId,
      at,
      region,
      call: `${service}:${name}`,
      who: caller(event),
      accessKeyId: plainText(record?.userIdentity?.accessKeyId ?? '', 32),
      from: plainText(record?.sourceIPAddress ?? '', 64),
      error: plainText(record?.errorCode ?? '', 64),
    }),
  );
}

function noteMinted(found: Found, event: TrailEvent, own: string): AccessKeyId | undefined {
  const minted = mintedBy(event);
  if (minted === 'unreadable') {
    // A record that is no JSON was counted already.
    if (event.record) found.unreadable++;
    return undefined;
  }
  const { role, root, accessKeyId } = minted ?? {};
  for (const account of [role?.account, root]) {
    if (!account || account === own) continue;
    if (found.otherAccounts.size < most.listed) found.otherAccounts.add(account);
    else found.limits.add('other-accounts');
  }
  if (role) noteRole(found, role, role.account === own);
  if (minted && !accessKeyId) found.unreadable++;
  return accessKeyId ?? undefined;
}

/** One entry for each session's name: a deny of the session stops all that bear it. */
function noteRole(found: Found, role: TracedRole, isOwn: boolean): void {
  const list = isOwn ? found.roles : found.elsewhere;
  const key = `${role.account} ${role.roleName} ${role.roleId} ${role.sessionName}`;
  if (list.has(key)) return;
  if (list.size < most.listed) list.set(key, role);
  else found.limits.add('sessions');
}

function count(counts: Map<string, number>, name: string, mostNames: number): void {
  const before = counts.get(name);
  if (before !== undefined || counts.size < mostNames) counts.set(name, (before ?? 0) + 1);
}

import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Logger } from '@aws-lambda-powertools/logger';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { steps } from '../functions/index.ts';
import { Settings } from '../functions/shared/settings.ts';
import { RehearsalAccount } from '../replay/account/rehearsal-account.ts';
import { AccountState } from '../replay/account/state.ts';
import { CaseTableInMemory } from '../replay/case-table-in-memory.ts';
import { readCases } from '../replay/read-case.ts';
import { replayCase } from '../replay/replay.ts';
import { writeReport } from '../replay/report-files.ts';
import { runWorkflow } from '../replay/run-workflow.ts';
import { loadWorkflows } from '../replay/workflow.ts';

const presigned =
  'https://tools.s3.eu-west-1.amazonaws.com/tool?X-Amz-Credential=planted-credential&X-Amz-Signature=planted-signature';
const document = {
  Statement: { Sid: 'PlantedPolicy', Effect: 'Allow', Action: 's3:GetObject', Resource: '*' },
};

/** What lets someone in, and what was planted to look like it. */
const secrets = /planted-[a-z-]+|X-Amz-(?:Signature|Credential|Security-Token)/g;
/** Whole policies: planted ones, anybody's own, and those that Cordon puts, as text or encoded. */
const policies = /PlantedPolicy|Effect\W{1,12}(?:Allow|Deny)|Effect%22/g;

const leaksOf = (text: string, ...sought: readonly RegExp[]): readonly string[] => [
  ...new Set(sought.flatMap((one) => text.match(one) ?? [])),
];

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** An object's member that is an object; where it is none, one that is nobody's. */
const inside = (of: unknown, member: string): Json => {
  const value = isObject(of) ? of[member] : undefined;
  return isObject(value) ? value : {};
};
const listIn = (of: unknown, member: string): readonly Json[] => {
  const value = isObject(of) ? of[member] : undefined;
  return Array.isArray(value) ? value.filter(isObject) : [];
};

/** Fills an account with documents and secrets, where AWS has the like: as far as IAM has room. */
function plantInAccount(account: Json): void {
  const iam = inside(account, 'iam');
  for (const principal of [...listIn(iam, 'users'), ...listIn(iam, 'roles')]) {
    const there = inside(principal, 'inlinePolicies');
    const isFull = JSON.stringify(there).length > 1_500;
    principal.inlinePolicies = isFull ? there : { ...there, planted: document };
  }
  for (const { record } of listIn(inside(account, 'cloudTrail'), 'events')) {
    if (!isObject(record)) continue;
    record.requestParameters = {
      ...inside(record, 'requestParameters'),
      policyDocument: JSON.stringify(document),
      password: 'planted-password',
      url: presigned,
    };
    const response = inside(record, 'responseElements');
    record.responseElements = {
      ...response,
      ...(response.credentials !== undefined && {
        credentials: {
          ...inside(response, 'credentials'),
          secretAccessKey: 'planted-secret-key',
          sessionToken: 'planted-session-token',
        },
      }),
      loginProfile: { password: 'planted-password' },
    };
  }
}

/** Fills an event of GuardDuty's; what a person types is strict and has room for nothing else. */
function plantInEvent(event: Json): void {
  if (!isObject(event.detail)) return;
  event.detail.description = `Somebody fetched ${presigned}`;
  event.detail.planted = {
    sessionToken: 'planted-session-token',
    policy: JSON.stringify(document),
  };
}

/** A copy of `events/` below `folder` with secrets planted in every case. */
function plantedEvents(folder: string): string {
  const events = join(folder, 'events');
  cpSync(fileURLToPath(new URL('../events', import.meta.url)), events, { recursive: true });
  for (const entry of readdirSync(events, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    for (const name of readdirSync(join(events, entry.name))) {
      const path = join(events, entry.name, name);
      const plant = name === 'account.json' ? plantInAccount : plantInEvent;
      const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
      if (isObject(value)) plant(value);
      // What is planted is more to do than a case expects.
      if (name === 'expected.json') rmSync(path);
      else writeFileSync(path, JSON.stringify(value));
    }
  }
  return events;
}

/** What is written to the log while a test runs, each line as far as JSON can tell it. */
function listenToLog() {
  const lines: string[] = [];
  const levels = ['debug', 'info', 'warn', 'error', 'critical'] as const;
  const spies = levels.map((level) =>
    vi.spyOn(Logger.prototype, level).mockImplementation((...said: unknown[]) => {
      lines.push(asText(said));
    }),
  );
  return { lines, stop: () => spies.forEach((spy) => void spy.mockRestore()) };
}

/** As JSON, and of an error all that it carries. */
const asText = (value: unknown): string =>
  JSON.stringify(value, (_member, inner: unknown) =>
    inner instanceof Error
      ? {
          ...inner,
          name: inner.name,
          message: inner.message,
          stack: inner.stack,
          cause: inner.cause,
        }
      : inner,
  );

const Items = z.array(z.looseObject({ sk: z.string() }));

/** A leak, with where it was found. */
const at = (where: string, found: readonly string[]) => found.map((leak) => `${where}: ${leak}`);

/** What leaks in one file of a report. */
function leaksInFile(path: string): readonly string[] {
  const text = readFileSync(path, 'utf8');
  const where = path.split('/').slice(-2).join('/');
  // The made-up account is what was planted in, not what Cordon says of it.
  if (/^account-(?:before|after)\.json$/.test(basename(path))) return [];
  if (basename(path) !== 'case.json') return at(where, leaksOf(text, secrets, policies));
  return Items.parse(JSON.parse(text)).flatMap((item) => {
    // The one place for documents: what the principal was allowed before anything was changed.
    const isRecord = item.sk.startsWith('before#record-principal#');
    const sought = isRecord ? [secrets] : [secrets, policies];
    return at(`${where} ${item.sk}`, leaksOf(JSON.stringify(item), ...sought));
  });
}

describe.each(['dry-run', 'live'] as const)('a replay of every case, %s,', (mode) => {
  let folder = '';
  let log: readonly string[] = [];
  /** What leaked, by where it did, and how many findings were replayed. */
  const found = { replays: 0, printed: [] as string[], handedOn: [] as string[] };

  const files = () =>
    readdirSync(join(folder, 'out'), { recursive: true, withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? join(entry.parentPath, entry.name) : [],
    );
  const everyFile = (name: string) =>
    files()
      .filter((path) => basename(path) === name)
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n');

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cordon-'));
    const workflows = loadWorkflows(steps);
    const { lines, stop } = listenToLog();
    // Modules are shared with other test files: what is listened to must be let go again.
    try {
      for (const of of readCases(plantedEvents(folder))) {
        for (const replayed of await replayCase(of, { workflows, mode })) {
          writeReport(join(folder, 'out'), ++found.replays, replayed);
          const { account: _planted, ...replay } = replayed.replay;
          found.printed.push(...at(of.source, leaksOf(asText(replay), secrets, policies)));
          found.handedOn.push(
            ...at(of.source, leaksOf(asText(replayed.ran ?? null), secrets, policies)),
          );
        }
      }
    } finally {
      stop();
    }
    log = lines;
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  it('prints none of the secrets it meets', () => {
    expect(found.replays).toBeGreaterThan(20);
    expect(found.printed).toEqual([]);
  });

  it('hands none of them from step to step', () => {
    expect(found.handedOn).toEqual([]);
  });

  it('writes none of them to a file, but policies to the record of their principal', () => {
    expect(files().flatMap(leaksInFile)).toEqual([]);
  });

  it('logs none of them', () => {
    expect(log.length).toBeGreaterThan(100);
    expect(log.flatMap((line) => at(line.slice(0, 80), leaksOf(line, secrets, policies)))).toEqual(
      [],
    );
  });

  it('has met them all the same', () => {
    const before = everyFile('account-before.json');
    const planted = ['session-token', 'secret-key', 'password', 'signature'];
    expect(planted.filter((one) => !before.includes(`planted-${one}`))).toEqual([]);
    expect(everyFile('case.json').includes('PlantedPolicy')).toBe(true);
    const journals = everyFile('journal.json');
    expect(journals.includes('?[redacted]')).toBe(true);
    expect(journals.match(/"PolicyDocument": "[^"]*"/g)).toContainEqual(
      expect.stringMatching(/"\[policy, \d+ characters, sha256 [0-9a-f]{12}…\]"$/),
    );
  });
});

describe('a key that is rotated', () => {
  let log: ReturnType<typeof listenToLog>;
  beforeEach(() => {
    log = listenToLog();
  });
  afterEach(() => log.stop());

  const old = 'AKIAIOSFODNN7LEAKED1';
  const now = () => new Date('2026-03-01T04:05:06.000Z');

  /** Rotates live, with a Secrets Manager that may fail and repeat what it was sent. */
  async function rotate(isFailing: boolean, isAsked = false) {
    const users = [{ userName: 'alice', accessKeys: [{ accessKeyId: old, status: 'Inactive' }] }];
    const values: string[] = [];
    const account = new RehearsalAccount(
      AccountState.parse({ accountId: '111122223333', region: 'eu-west-1', iam: { users } }),
      {
        now,
        fault: (call, input) => {
          if (call !== 'secretsmanager:CreateSecret' || !('SecretString' in input))
            return undefined;
          values.push(String(input.SecretString));
          const error = new Error(`could not keep ${input.SecretString}`);
          return isFailing ? { when: 'before', error } : undefined;
        },
      },
    );
    const table = new CaseTableInMemory();
    const workflow = loadWorkflows(steps).get('rotate-access-key');
    if (!workflow) throw new Error('no workflow');
    const ran = await runWorkflow({
      workflow,
      name: 'rotation-1',
      input: { userName: 'alice', accessKeyId: old, mode: 'live' },
      account,
      table,
      running: new Set(),
      settings: Settings.parse({
        playbooks: { 'rotate-access-key': isAsked ? 'approve' : 'live' },
      }),
      ...(isAsked && { approver: 'approves' }),
      now,
    }).ended;
    return { ran, values, left: asText([ran, table.items(), account.state, log.lines]) };
  }

  it('leaves its secret in Secrets Manager alone', async () => {
    const { ran, values, left } = await rotate(false);

    expect(ran.status).toBe('succeeded');
    expect(values).toHaveLength(1);
    const { accessKeyId, secretAccessKey } = JSON.parse(values[0] ?? '');
    expect(secretAccessKey).toBe(
      createHash('sha256').update(accessKeyId).digest('base64').slice(0, 40),
    );
    expect(left).toContain('"SecretString":"[redacted]"');
    expect(left).not.toContain(secretAccessKey);
    expect(left).not.toContain('secretAccessKey\\');
  });

  it('shows nobody who is asked first a secret, not that of a rehearsal either', async () => {
    const { ran, values, left } = await rotate(false, true);

    expect(ran.status).toBe('succeeded');
    expect(ran.notifications[0]?.title).toMatch(/^Approval needed /);
    expect(values).toHaveLength(3);
    expect(left).toContain('"SecretString":"[redacted]"');
    for (const value of values) expect(left).not.toContain(JSON.parse(value).secretAccessKey);
  });

  it('leaves it nowhere when Secrets Manager fails and repeats it', async () => {
    const { ran, values, left } = await rotate(true);

    expect(ran.failure?.error).toBe('NeedsHuman');
    expect(values.length).toBeGreaterThan(1);
    for (const value of values) expect(left).not.toContain(JSON.parse(value).secretAccessKey);
  });
});

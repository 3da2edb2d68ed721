import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import published from '../../docs/evidence-manifest.schema.json' with { type: 'json' };
import { closeCase } from '../../functions/close-case/handler.ts';
import { steps } from '../../functions/index.ts';
import { artefactKinds } from '../../functions/shared/artefact.ts';
import { chain, hashOfEntry, statementOf } from '../../functions/shared/evidence-chain.ts';
import { Manifest } from '../../functions/shared/evidence-manifest.ts';
import { bytesSigned } from '../../functions/shared/signature.ts';
import { readCases } from '../../replay/read-case.ts';
import { signAsRehearsal } from '../../replay/rehearsal-signature.ts';
import { replayCase } from '../../replay/replay.ts';
import { verifyCommand } from '../../replay/verify/command.ts';
import { manifestSchema } from '../../replay/verify/manifest-schema.ts';
import { loadWorkflows } from '../../replay/workflow.ts';
import { finding, rehearsalOf } from '../rehearsal.ts';

const outcomes = {
  playbook: 'attack-sequence',
  target: 'a sequence',
  outcomes: { plan: { outcome: 'planned' }, starts: [], rest: { outcome: 'none' } },
};

let folder: string;
/** The manifest of a closed case with three artefacts that have bytes. */
let manifest: Manifest;
let bodies: readonly (readonly [string, Uint8Array])[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-verify-'));
  const account = { accountId: '111122223333', region: 'eu-west-1' };
  const rehearsal = await rehearsalOf(account, { finding: finding({ id: 'f1' }) });
  const ref = await rehearsal.open('live');
  await rehearsal.keep(ref, 'trace-0', '{"events":["Ä"]}');
  await rehearsal.keep(ref, 'trace-1', '{}');
  const { result } = await rehearsal.run(closeCase, outcomes);
  const stored = rehearsal.evidence.bodies(`${ref.caseId}/`);
  manifest = Manifest.parse(
    JSON.parse(Buffer.from((await rehearsal.evidence.get(result.manifest)) ?? '').toString()),
  );
  bodies = stored.filter(([key]) => key !== result.manifest);
});
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileWith(body: string | Uint8Array, ending = 'json'): string {
  const path = join(folder, `${++files}.${ending}`);
  writeFileSync(path, body);
  return path;
}

/** A folder with the case's evidence, but for the files that a test says are otherwise. */
function evidenceWith(differs: Record<number, string | null> = {}): string {
  const into = join(folder, `evidence-${++files}`);
  mkdirSync(into);
  for (const [n, [key, bytes]] of bodies.entries()) {
    const body = differs[n] === undefined ? bytes : differs[n];
    if (body !== null) writeFileSync(join(into, basename(key)), body);
  }
  return into;
}

async function verify(...args: readonly string[]) {
  let [out, err] = ['', ''];
  const code = await verifyCommand(args, {
    print: (text) => {
      out += text;
    },
    complain: (text) => {
      err += text;
    },
    colour: false,
  });
  return { code, out, err };
}
const inJson = async (value: object, ...args: readonly string[]) => {
  const { code, out } = await verify(fileWith(JSON.stringify(value)), '--json', ...args);
  return { code, ...JSON.parse(out) };
};

/** A copy of the manifest after a change, the parts of which a test may reach into freely. */
function changed(change: (copy: Manifest) => void): Manifest {
  const copy = structuredClone(manifest);
  change(copy);
  return copy;
}
const entryOf = (of: Manifest, number: number) => {
  const entry = of.entries[number - 1];
  if (!entry) throw new Error(`there is no entry ${number}`);
  return entry;
};

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject) => fileWith(key.export({ type: 'spki', format: 'pem' }), 'pem');

/** The manifest as KMS would have signed it. */
function signedByKms(of: Manifest = manifest): Manifest {
  const by = {
    algorithm: 'ECDSA_SHA_256',
    keyId: 'arn:aws:kms:eu-west-1:111122223333:key/1',
  } as const;
  const value = sign('sha256', bytesSigned(statementOf(of.head), by), privateKey);
  return { ...of, signature: { ...by, value: value.toString('base64') } };
}

describe('npm run verify', () => {
  it('verifies a rehearsal without any key, and says that it proves nothing about who signed', async () => {
    const { code, out, err } = await verify(
      fileWith(JSON.stringify(manifest)),
      '--evidence',
      evidenceWith(),
    );

    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('✓ chain');
    expect(out).toContain('! signature   a rehearsal’s');
    expect(out).toContain('✓ files       3 of 3 are what the manifest says');
    expect(out).toMatch(/\nVerified as a rehearsal\.\n$/);
  });

  it('verifies what KMS signed by the public key it is given', async () => {
    const { code, out } = await verify(
      fileWith(JSON.stringify(signedByKms())),
      '--public-key',
      pem(publicKey),
    );

    expect(code).toBe(0);
    expect(out).toContain('✓ signature   holds');
    expect(out).toContain('The files were not checked');
  });

  it.each([
    ['another key', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey],
    ['a key of another kind', () => generateKeyPairSync('ed25519').publicKey],
  ])('fails what KMS signed by %s', async (_what, key) => {
    expect(await inJson(signedByKms(), '--public-key', pem(key()))).toMatchObject({
      code: 1,
      verdict: 'failed',
      signature: 'fails',
    });
  });

  it('calls nothing verified that KMS signed, without the key that it must be signed by', async () => {
    const { code, out } = await verify(fileWith(JSON.stringify(signedByKms())));

    expect(code).toBe(2);
    expect(out).toContain('NOT VERIFIED');
    expect(out).toContain('--public-key');
  });

  it('fails a forgery that chains other evidence and signs it as a rehearsal', async () => {
    const forged = chain(manifest.case, manifest.entries.slice(1));
    const signature = await signAsRehearsal(statementOf(forged.head));

    const came = await inJson({ ...forged, signature }, '--public-key', pem(publicKey));

    expect(came).toMatchObject({ code: 1, verdict: 'failed', signature: 'fails' });
  });

  it('fails a signature that is put on another manifest of the same case', async () => {
    const other = chain(manifest.case, manifest.entries.slice(1));

    expect(await inJson({ ...other, signature: manifest.signature })).toMatchObject({
      code: 1,
      firstFailing: null,
      signature: 'fails',
    });
  });
});

describe('npm run verify, of a manifest that was changed', () => {
  const members: readonly [string, (copy: Manifest) => void][] = [
    ['id', (copy) => Object.assign(entryOf(copy, 2), { id: 'other' })],
    ['kind', (copy) => Object.assign(entryOf(copy, 2), { kind: 'snapshot' })],
    ['time', (copy) => Object.assign(entryOf(copy, 2), { time: '2026-01-01T00:00:00Z' })],
    ['actor', (copy) => Object.assign(entryOf(copy, 2), { actor: 'nobody' })],
    ['source', (copy) => Object.assign(entryOf(copy, 2), { source: 'nowhere' })],
    ['details', (copy) => Object.assign(entryOf(copy, 2), { details: { lock: 'compliance' } })],
    [
      'hash of its bytes',
      (copy) => Object.assign(entryOf(copy, 2).body ?? {}, { sha256: '0'.repeat(64) }),
    ],
    ['size', (copy) => Object.assign(entryOf(copy, 2).body ?? {}, { size: 0 })],
    ['body', (copy) => Object.assign(entryOf(copy, 2), { body: null })],
    ['number', (copy) => Object.assign(entryOf(copy, 2), { number: 3 })],
    ['previous', (copy) => Object.assign(entryOf(copy, 2), { previous: '0'.repeat(64) })],
    ['hash', (copy) => Object.assign(entryOf(copy, 2), { hash: '0'.repeat(64) })],
    ['members', (copy) => Object.assign(entryOf(copy, 2), { note: 'added' })],
  ];

  it.each(members)('names the entry whose %s is another', async (_what, change) => {
    const { code, firstFailing } = await inJson(changed(change));

    expect(code).toBe(1);
    expect(firstFailing.entry).toBe(2);
  });

  it('names the next entry when an entry was changed and hashed again', async () => {
    const came = await inJson(
      changed((copy) => {
        const entry = entryOf(copy, 2);
        entry.actor = 'nobody';
        entry.hash = hashOfEntry(entry);
      }),
    );

    expect(came).toMatchObject({ code: 1, firstFailing: { entry: 3 } });
  });

  it.each([
    ['its end is cut off', (copy: Manifest) => copy.entries.pop(), 'entry 3'],
    ['it is empty', (copy: Manifest) => copy.entries.splice(0), 'entry 1'],
    ['its beginning is cut off', (copy: Manifest) => copy.entries.shift(), 'entry 1'],
    ['its middle is cut out', (copy: Manifest) => copy.entries.splice(1, 1), 'entry 2'],
    ['two entries have changed places', (copy: Manifest) => copy.entries.reverse(), 'entry 1'],
    ['an entry is there twice', (copy: Manifest) => copy.entries.push(entryOf(copy, 3)), 'entry 4'],
  ])('names the first entry that fails when %s', async (_what, change, named) => {
    const { code, out } = await verify(fileWith(JSON.stringify(changed(change))));

    expect(code).toBe(1);
    expect(out).toContain(`FAILED: the first entry that fails is ${named}`);
  });

  it.each([
    ['case', (copy: Manifest) => Object.assign(copy.case, { status: 'ended' })],
    ['head', (copy: Manifest) => Object.assign(copy.head, { hash: '0'.repeat(64) })],
    ['signature', (copy: Manifest) => Object.assign(copy.signature, { value: 'AAAA' })],
    ['signer', (copy: Manifest) => Object.assign(copy.signature, { keyId: 'somebody' })],
    ['top level', (copy: Manifest) => Object.assign(copy, { note: 'added' })],
  ])('fails when its %s is another', async (_what, change) => {
    expect(await inJson(changed(change))).toMatchObject({ code: 1, verdict: 'failed' });
  });

  it('fails or refuses it with any one byte changed', async () => {
    const text = JSON.stringify(manifest);
    for (let at = 0; at < text.length; at += 7) {
      const byte = text[at] === '0' ? '1' : '0';
      const path = fileWith(`${text.slice(0, at)}${byte}${text.slice(at + 1)}`);
      const { code } = await verify(path);
      rmSync(path);
      expect(code, `with ${byte} for ${text[at]} at ${at}`).not.toBe(0);
    }
  });
});

describe('npm run verify, of evidence', () => {
  it('names the file that has one byte changed, and the one that is missing', async () => {
    const [, [second = '', bytes = new Uint8Array()] = []] = bodies;
    const evidence = evidenceWith({
      0: null,
      1: Buffer.from(bytes).toString().replace('{', '['),
    });

    const { code, out } = await verify(
      fileWith(JSON.stringify(manifest)),
      ...['--evidence', evidence],
    );

    expect(code).toBe(1);
    expect(out).toContain(`${basename(second)} has the hash`.slice(0, 30));
    expect(out).toContain('(ENOENT)');
    expect(out).toContain('FAILED: the first entry that fails is entry 1');
  });

  it('says how many files the manifest does not name, and fails nothing for them', async () => {
    const evidence = evidenceWith();
    writeFileSync(join(evidence, 'notes.txt'), 'mine');

    const { code, files: checked } = await inJson(manifest, '--evidence', evidence);

    expect([code, checked.unknown]).toEqual([0, 1]);
  });
});

describe('npm run verify, of what it cannot use', () => {
  const good = () => fileWith(JSON.stringify(manifest));
  const gone = () => join(folder, 'gone');

  it.each<[string, () => readonly string[], string]>([
    ['no manifest at all', () => [], 'missing required argument'],
    ['an option it does not know', () => [good(), '--force'], 'unknown option'],
    ['a file that is not there', () => [gone()], '(ENOENT)'],
    ['a folder', () => [folder], '(EISDIR)'],
    ['nothing', () => [fileWith('')], 'found nothing'],
    ['what is not JSON', () => [fileWith('manifest')], 'expected JSON'],
    ['what is not UTF-8', () => [fileWith(Uint8Array.of(123, 255, 125))], 'expected UTF-8'],
    ['half a file', () => [fileWith(JSON.stringify(manifest).slice(0, 900))], 'expected JSON'],
    [
      'a member that is there twice',
      () => [fileWith('{"format":"a","format":"b"}')],
      'expected once',
    ],
    ['other JSON', () => [fileWith('{"version":"1.0"}')], 'expected an evidence manifest'],
    ['a list', () => [fileWith('[]')], 'expected an evidence manifest'],
    ['a key that is not there', () => [good(), '--public-key', gone()], '(ENOENT)'],
    ['a key that is none', () => [good(), '--public-key', fileWith('key', 'pem')], 'in PEM'],
    ['evidence that is not there', () => [good(), '--evidence', gone()], 'expected a folder'],
  ])('refuses %s', async (_what, args, said) => {
    const { code, err } = await verify(...args());

    expect(code).toBe(2);
    expect(err).toContain(said);
  });

  it('shows nothing of a manifest as more than text, in lines of at most 100 characters', async () => {
    const hostile = changed((copy) => {
      entryOf(copy, 1).id = `\u001b[31m\u202e${'x'.repeat(300)}`;
      copy.case.playbook = 'p'.repeat(300);
    });

    const { out } = await verify(fileWith(JSON.stringify(hostile)));

    expect(out).not.toContain('\u001b');
    expect(out).not.toContain('\u202e');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('runs as a program, without colour and without a network', () => {
    const cli = fileURLToPath(new URL('../../replay/verify/cli.ts', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, good()], {
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    });

    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('Verified as a rehearsal.');
  });
});

describe("the manifest's schema", () => {
  it('is published as it is', () => {
    expect(published, 'run npm run schema').toEqual(JSON.parse(JSON.stringify(manifestSchema())));
  });

  it('takes a manifest, and refuses one that is not, by a validator of its own', () => {
    const isManifest = new Ajv2020({ strict: true, validateFormats: false }).compile(published);

    expect(isManifest(manifest)).toBe(true);
    expect(isManifest(signedByKms())).toBe(true);
    expect(isManifest(changed((copy) => Object.assign(copy, { note: 'added' })))).toBe(false);
    expect(isManifest(changed((copy) => Object.assign(entryOf(copy, 1), { hash: 'short' })))).toBe(
      false,
    );
    expect(isManifest(changed((copy) => Object.assign(entryOf(copy, 1), { kind: 'rumour' })))).toBe(
      false,
    );
  });

  it('lists the hashes that anyone would find in the bytes', () => {
    const found = bodies.map(([, bytes]) => createHash('sha256').update(bytes).digest('hex'));

    expect(manifest.entries.map(({ body }) => body?.sha256).sort()).toEqual(found.sort());
    expect(readdirSync(evidenceWith())).toHaveLength(3);
  });
});

describe('the manifests of whole cases', () => {
  const workflows = loadWorkflows(steps);
  const events = fileURLToPath(new URL('../../events', import.meta.url));

  it('list evidence of every kind between them, and verify', async () => {
    const kinds = new Set<string>();
    for (const name of ['command-and-control-from-web-server', 'leaked-key-used-from-tor']) {
      const [of] = readCases(join(events, name));
      if (!of) throw new Error(`there is no case ${name}`);
      const [replayed] = await replayCase(of, { workflows, mode: 'live' });
      const kept = (replayed?.evidence?.bodies('') ?? []).filter(([key]) => /manifest-/.test(key));
      expect(kept).toHaveLength(1);
      for (const [, bytes] of kept) {
        const { verdict, ...found } = await inJson(JSON.parse(Buffer.from(bytes).toString()));
        expect([verdict, found.case.status]).toEqual(['rehearsal', 'contained']);
        const { entries } = Manifest.parse(JSON.parse(Buffer.from(bytes).toString()));
        for (const { kind } of entries) kinds.add(kind);
      }
    }
    // What people agreed to is of cases that ask them: see close-case's own tests.
    expect([...kinds, 'approval'].sort()).toEqual([...artefactKinds].sort());
  }, 20_000);
});

import { createHash, type KeyObject, verify } from 'node:crypto';
import * as z from 'zod';
import { hashOfCase, hashOfEntry, statementOf } from '../../functions/shared/evidence-chain.ts';
import { type Entry, Manifest } from '../../functions/shared/evidence-manifest.ts';
import { bytesSigned } from '../../functions/shared/signature.ts';
import { UnusableInputError } from '../../functions/shared/unusable-input.ts';
import { rehearsalPublicKey } from '../rehearsal-signature.ts';

/** What is wrong, and with which entry; null where it is with the manifest as a whole. */
export interface Failure {
  readonly entry: number | null;
  readonly kind: string | null;
  readonly id: string | null;
  readonly why: string;
}

/** What came of checking a manifest, as far as it can be told without the evidence itself. */
export interface Checked {
  readonly manifest: Manifest | undefined;
  /** The first entry that fails, by its place in the chain. */
  readonly chain: Failure | undefined;
  readonly signature: 'holds' | 'rehearsal' | 'fails' | 'no-key';
}

const { entries: Entries, head: Head, signature: Signature, ...rest } = Manifest.shape;
const Beginning = z.object(rest);

/**
 * Checks a manifest's chain from its beginning, then its signature. Nothing is asked of any network.
 *
 * Without a public key only a rehearsal's signature can be checked, by the key that everybody has.
 * Throws {@link UnusableInputError} for what is no manifest at all.
 */
export function verifyManifest(document: unknown, publicKey: KeyObject | undefined): Checked {
  const { data: is } = z.looseObject({ format: rest.format }).safeParse(document);
  if (!is) {
    throw new UnusableInputError(
      `$.format: expected an evidence manifest, ${JSON.stringify(rest.format.value)}`,
    );
  }
  const chain = firstFailure(is);
  const { data: manifest } = Manifest.safeParse(document);
  if (!manifest || chain) return { manifest, chain, signature: 'fails' };
  return { manifest, chain, signature: checkSignature(manifest, publicKey) };
}

/** Walks the chain by what each entry says, so that the first one that fails is the one named. */
function firstFailure(document: object): Failure | undefined {
  const beginning = Beginning.safeParse(document);
  if (!beginning.success) return whole(`the case: ${inWords(beginning.error)}`);
  const { data: listed } = z.looseObject({ entries: z.array(z.unknown()) }).safeParse(document);
  if (!listed) return whole('entries: expected a list');

  let previous = hashOfCase(beginning.data.case);
  for (const [index, each] of listed.entries.entries()) {
    const { data: entry, error } = Entries.element.safeParse(each);
    if (!entry) return failureOf(index, each, inWords(error));
    const why = faultOf(entry, index + 1, previous);
    if (why) return failureOf(index, each, why);
    previous = entry.hash;
  }
  return headFailure(document, listed.entries.length, previous);
}

function faultOf(entry: Entry, number: number, previous: string): string | undefined {
  if (entry.number !== number) return `it is entry ${entry.number}, in place ${number}`;
  if (entry.previous !== previous) {
    const before = number === 1 ? 'the case' : `entry ${number - 1}`;
    return `it does not follow ${before}: previous is ${short(entry.previous)}, expected ${short(previous)}`;
  }
  const hash = hashOfEntry(entry);
  return entry.hash === hash
    ? undefined
    : `its hash is ${short(entry.hash)}, what it says gives ${short(hash)}`;
}

function headFailure(document: object, found: number, last: string): Failure | undefined {
  const { data: strict, error } = Manifest.safeParse(document);
  if (!strict) return whole(inWords(error));
  const { entries, hash } = strict.head;
  if (found < entries) {
    const why = `it is missing: the head counts ${entries} entries, there are ${found}`;
    return { entry: found + 1, kind: null, id: null, why };
  }
  if (found > entries) {
    return failureOf(entries, strict.entries[entries], `the head counts ${entries} entries only`);
  }
  return hash === last
    ? undefined
    : whole(`the head's hash is ${short(hash)}, the last entry's ${short(last)}`);
}

function checkSignature(
  { head, signature }: Manifest,
  publicKey: KeyObject | undefined,
): Checked['signature'] {
  const signed = bytesSigned(statementOf(head), signature);
  const value = Buffer.from(signature.value, 'base64');
  if (signature.algorithm === 'REHEARSAL_ED25519') {
    // Who brings a key expects that key's signature, not one that everybody can make.
    if (publicKey) return 'fails';
    const digest = createHash('sha256').update(signed).digest();
    return verify(null, digest, rehearsalPublicKey(), value) ? 'rehearsal' : 'fails';
  }
  if (!publicKey) return 'no-key';
  if (publicKey.asymmetricKeyType !== 'ec') return 'fails';
  return verify('sha256', signed, publicKey, value) ? 'holds' : 'fails';
}

const whole = (why: string): Failure => ({ entry: null, kind: null, id: null, why });

/** The kind and the id are taken from what the entry says of itself, be it true or not. */
function failureOf(index: number, entry: unknown, why: string): Failure {
  const Named = z.object({ kind: z.string().catch(''), id: z.string().catch('') });
  const { data } = Named.safeParse(entry);
  return { entry: index + 1, kind: data?.kind || null, id: data?.id || null, why };
}

const short = (hash: string): string => `${hash.slice(0, 12)}…`;

function inWords({ issues }: z.ZodError): string {
  const [issue] = issues;
  return issue ? `${issue.path.join('.') || '$'}: ${issue.message}` : 'is no manifest';
}

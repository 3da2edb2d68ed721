import { sha256 } from './evidence-store.ts';

/** What an artefact of a case is, in the manifest's words. */
export const artefactKinds = [
  'finding',
  'instance-metadata',
  'console-output',
  'memory-image',
  'snapshot',
  'cloudtrail-trace',
  'cloudtrail-events',
  'api-history',
  'config-changes',
  'user-policies',
  'approval',
  'state-before',
  'api-journal',
] as const;
export type ArtefactKind = (typeof artefactKinds)[number];

/** A piece of evidence, as its case lists it. */
export interface Artefact {
  readonly kind: ArtefactKind;
  /** AWS's id of what it is or is about, such as `snap-…`, or the case's own name for it. */
  readonly id: string;
  /** Where its bytes are; null for what AWS keeps and only names, such as a snapshot. */
  readonly body: Body | null;
  /** When it was taken. ISO 8601. */
  readonly time: string;
  /** Who took it: a step, and the execution that ran it. */
  readonly actor: string;
  /** Where it comes from: the AWS call, and what was asked about. */
  readonly source: string;
  /** What else a reader must know of it, such as how it is locked. */
  readonly details: Readonly<Record<string, string>>;
}

interface Body {
  readonly key: string;
  readonly contentType: string;
  /** Of the bytes, hex. */
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
}

/**
 * The key of a body in the evidence store. It has the body's hash, so that what a step takes again
 * is another object where it differs and the same where it does not.
 */
export function evidenceKey(
  caseId: string,
  name: string,
  body: string | Uint8Array,
  ending: string,
): string {
  const safe = name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, 80);
  return `${caseId}/${safe}-${sha256(body).slice(0, 12)}.${ending}`;
}

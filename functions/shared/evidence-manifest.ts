import * as z from 'zod';
import { artefactKinds } from './artefact.ts';
import { format } from './evidence-chain.ts';
import { Mode } from './journal.ts';
import { Signature } from './signature.ts';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Time = z.iso.datetime();
const says = (description: string) => ({ description });

/** The case that the artefacts are of. It is the chain's first link. */
const CaseFacts = z.strictObject({
  caseId: z.string().min(1),
  mode: Mode.meta(says('A dry run changes nothing, so it has no snapshots.')),
  account: z.string().meta(says('The account acted on.')),
  region: z.string(),
  target: z.string().meta(says('ARN of what was acted on.')),
  playbook: z.string(),
  status: z.enum(['contained', 'needs-human', 'ended', 'denied']),
  execution: z.string().meta(says('ARN of the execution that closed the case.')),
  openedAt: Time.nullable(),
  closedAt: Time,
  missing: z.array(z.string()).meta(says('What was not done or not kept, for a human.')),
});
export type CaseFacts = z.infer<typeof CaseFacts>;

const Body = z.strictObject({
  key: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/)
    .meta(says('In the evidence store. What stands after the slash is the file’s name.')),
  contentType: z.string(),
  sha256: Sha256.meta(says('Of the bytes, hex.')),
  size: z.int().min(0).meta(says('In bytes.')),
});

const Entry = z.strictObject({
  number: z.int().min(1),
  kind: z.enum(artefactKinds),
  id: z.string().min(1).meta(says("AWS's id of what it is or is about, or the case's own name.")),
  body: Body.nullable().meta(says('Null for what AWS keeps and only names, such as a snapshot.')),
  time: Time.meta(says('When it was taken.')),
  actor: z.string().min(1).meta(says('Who took it: a step and the execution that ran it.')),
  source: z.string().min(1).meta(says('Where it comes from.')),
  details: z.record(z.string(), z.string()),
  previous: Sha256.meta(says('Hash of the entry before; for the first, of format and case.')),
  hash: Sha256.meta(says('SHA-256 of this entry without this member, as canonical JSON.')),
});
export type Entry = z.infer<typeof Entry>;

const Head = z.strictObject({ entries: z.int().min(0), hash: Sha256 });
export type Head = z.infer<typeof Head>;

/**
 * The manifest of a case's evidence: what there is, in a chain whose head is signed.
 *
 * Each entry's hash covers the one before, the first one's the case; the head counts the entries and
 * has the last one's hash. So nothing can be changed, left out, added or put elsewhere unseen. All
 * that is hashed is canonical JSON (RFC 8785) in UTF-8.
 */
export const Manifest = z.strictObject({
  format: z.literal(format),
  case: CaseFacts,
  entries: z.array(Entry),
  head: Head,
  signature: Signature.meta(
    says(
      'Over canonical JSON of {"algorithm", "keyId", "statement": {"format", "head"}}, by its SHA-256.',
    ),
  ),
});
export type Manifest = z.infer<typeof Manifest>;

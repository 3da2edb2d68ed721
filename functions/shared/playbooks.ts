import * as z from 'zod';
import type { Finding } from './finding.ts';
import type { CaseId } from './ids.ts';

/** Every playbook a deployment decides on, by its folder in `statemachines/`. */
export const playbookNames = [
  'compromised-instance',
  'compromised-access-key',
  'compromised-role',
  'attack-sequence',
  'rotate-access-key',
  'release',
] as const;
export const Playbook = z.enum(playbookNames);
export type PlaybookName = z.infer<typeof Playbook>;

const containing: ReadonlySet<string> = new Set<PlaybookName>([
  'compromised-instance',
  'compromised-access-key',
  'compromised-role',
]);

/**
 * Whether a playbook only stops an intruder: then its cases are counted in the hourly limits, and may
 * go ahead when nobody answers, or when something graver is found.
 */
export const isContainment = (playbook: string): boolean => containing.has(playbook);

/**
 * How far a playbook may go. `off`: it declines. `dry-run`: it never changes anything, whatever it
 * is asked. `approve`: a person must agree before anything is changed. `live`: it does what it is
 * asked, which without a word is still a dry run.
 */
const policies = ['off', 'dry-run', 'approve', 'live'] as const;
export const Policy = z.enum(policies, {
  error: ({ input }) =>
    `expected off, dry-run, approve or live, found ${JSON.stringify(input)?.slice(0, 60)}`,
});
export type Policy = z.infer<typeof Policy>;

/** One policy for every start, or one for findings and one for starts by hand. */
const PlaybookPolicy = z.union([Policy, z.strictObject({ findings: Policy, byHand: Policy })], {
  error: ({ input }) =>
    `expected off, dry-run, approve or live, or {"findings": …, "byHand": …}, found ${JSON.stringify(input)?.slice(0, 60)}`,
});

/** A playbook that is not named is `dry-run`: a fresh deployment changes nothing. */
export const Policies = z.partialRecord(z.enum(playbookNames), PlaybookPolicy).default({});

/** Every playbook live: for a rehearsal account, where nothing is at stake. */
export const everyPlaybookLive: Readonly<Record<PlaybookName, Policy>> = {
  'compromised-instance': 'live',
  'compromised-access-key': 'live',
  'compromised-role': 'live',
  'attack-sequence': 'live',
  'rotate-access-key': 'live',
  release: 'live',
};

/**
 * The policy under which a playbook was started. One that another playbook started follows from a
 * finding or a person that has passed its own policy, and is judged as findings are. Nothing but a
 * person's custom action sends what Security Hub says.
 */
export function policyOf(
  { playbooks }: { readonly playbooks: z.infer<typeof Policies> },
  playbook: PlaybookName,
  {
    finding,
    parent,
  }: { readonly finding: Pick<Finding, 'source'>; readonly parent?: CaseId | undefined },
): Policy {
  const said = playbooks[playbook] ?? 'dry-run';
  if (typeof said === 'string') return said;
  return finding.source !== 'guardduty' && !parent ? said.byHand : said.findings;
}

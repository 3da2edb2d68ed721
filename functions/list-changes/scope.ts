import * as z from 'zod';
import { type Privilege, privileges, privilegesOf } from './privileged.ts';

const mostServices = 40;

export const Scope = z.object({
  /** Some policy allows every action, or every one but a few. */
  everything: z.boolean(),
  /** Prefixes of the services that policies name, sorted; `limits` has `services` when cut. */
  services: z.array(z.string()).max(mostServices),
  /** Ways to gain more than the policies say. */
  privileged: z.array(z.enum(privileges)),
  /** Reads that IAM refused, and `policy-document`: what they would have told may allow more. */
  unreadable: z.array(z.string()),
});
export type Scope = z.infer<typeof Scope>;

/** What documents allow at the very most. */
interface Allowed {
  readonly everything: boolean;
  readonly services: ReadonlySet<string>;
  readonly privileged: ReadonlySet<Privilege>;
}

const strings = z.union([z.string(), z.array(z.string())]).transform((some) => [some].flat());
const Statement = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Action: strings.optional(),
  NotAction: strings.optional(),
  Resource: strings.optional(),
});
const Document = z.object({
  Statement: z
    .union([Statement, z.array(Statement)])
    .transform((some): readonly z.infer<typeof Statement>[] => [some].flat()),
});
type Documents = readonly unknown[];

/**
 * What policies let a user do at the very most: an upper bound, not an evaluation.
 *
 * Denials, conditions and resources are not weighed, and NotAction counts as everything, so it tells
 * of more than the user may do and never of less. A permissions boundary narrows it, each side taken
 * at its most. It does not tell what resources' own policies and roles' trust policies grant.
 */
export function scopeOf({ policies, boundary }: { policies: Documents; boundary: Documents }) {
  const held = allowedBy(policies);
  const bound = allowedBy(boundary);
  // A boundary that could not be read narrows nothing.
  const bounded = bound.readable && boundary.length > 0;
  const { everything, services, privileged } = bounded ? narrowed(held, bound) : held;
  return {
    scope: {
      everything,
      services: [...services].sort().slice(0, mostServices),
      privileged: privileges.filter((word) => privileged.has(word)),
    },
    cut: services.size > mostServices,
    readable: held.readable && bound.readable,
  };
}

function allowedBy(documents: Documents): Allowed & { readable: boolean } {
  const services = new Set<string>();
  const privileged = new Set<Privilege>();
  const parsed = documents.map((document) => Document.safeParse(document));
  const statements = parsed.flatMap(({ data }) => data?.Statement ?? []);
  let everything = false;
  for (const { Effect, Action = [], NotAction, Resource } of statements) {
    if (Effect === 'Deny') continue;
    const named = Action.map(serviceOf);
    if (NotAction || named.includes(undefined)) everything = true;
    for (const service of named) if (service) services.add(service);
    const allows = NotAction
      ? (action: string) => !NotAction.some((pattern) => matches(pattern, action))
      : (action: string) => Action.some((pattern) => matches(pattern, action));
    const wide = !Resource || Resource.some((arn) => /[*?$]/.test(arn));
    for (const word of privilegesOf(allows, wide)) privileged.add(word);
  }
  return { everything, services, privileged, readable: parsed.every(({ success }) => success) };
}

const narrowed = (held: Allowed, bound: Allowed): Allowed => ({
  everything: held.everything && bound.everything,
  services: new Set([
    ...[...held.services].filter((one) => bound.everything || bound.services.has(one)),
    ...(held.everything ? bound.services : []),
  ]),
  privileged: new Set([...held.privileged].filter((word) => bound.privileged.has(word))),
});

/** The service an action pattern names; undefined when it may be any. */
const serviceOf = (pattern: string): string | undefined =>
  /^([a-z0-9-]{1,64}):/.exec(pattern.toLowerCase())?.[1];

/** Whether an action is one of a pattern's. In time that a pattern cannot draw out, unlike a RegExp. */
function matches(pattern: string, action: string): boolean {
  const [glob, text] = [pattern.toLowerCase(), action.toLowerCase()];
  let [at, read, star, from] = [0, 0, -1, 0];
  while (read < text.length) {
    if (glob[at] === '*') {
      star = at++;
      from = read;
    } else if (glob[at] === '?' || glob[at] === text[read]) {
      at++;
      read++;
    } else if (star >= 0) {
      at = star + 1;
      read = ++from;
    } else return false;
  }
  return /^\**$/.test(glob.slice(at));
}

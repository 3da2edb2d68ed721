import { awsDenyAll } from '../shared/quarantine.ts';

const always = [
  "sessions of roles that the user's keys have assumed: a role's session has the role's permissions",
  'what the user may do by the policy of a resource that names the user: AWS advises to deny it there as well',
  'what was started or changed already: instances, functions, keys of other users, trust in roles',
  'requests of the first minutes: IAM takes time until a change is in force everywhere',
];

const ofPartialPolicy = [
  'every action the policy does not name: it denies what costs money or changes IAM, and lets data be read',
  'signing in to the console with a password',
];

/** What stays open to whoever holds the user's credentials, by what denies them the rest. */
export const cannotStop = (policyArn: string | null): string[] =>
  policyArn === null || policyArn === awsDenyAll ? always : [...ofPartialPolicy, ...always];

import {
  GetGroupPolicyCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  type IAMClient,
  paginateListAttachedGroupPolicies,
  paginateListAttachedUserPolicies,
  paginateListGroupPolicies,
  paginateListGroupsForUser,
  paginateListUserPolicies,
} from '@aws-sdk/client-iam';
import { everyOne, isRefused } from '../shared/iam-reads.ts';
import type { UserName } from '../shared/ids.ts';
import { documentOf } from '../shared/inline-policy.ts';
import { awsDenyAll, ofAws } from '../shared/quarantine.ts';
import type { AwsCall, Reads } from '../shared/step.ts';
import { unlessGone } from '../shared/unless-gone.ts';

const users = 'arn:aws:iam::*:user/*';
const groups = 'arn:aws:iam::*:group/*';
const managed = 'arn:aws:iam::*:policy/*';

/** What {@link readPolicies} asks of IAM. */
export const policyReads = {
  'iam:GetUser': { on: users },
  'iam:ListAttachedUserPolicies': { on: users },
  'iam:ListUserPolicies': { on: users },
  'iam:GetUserPolicy': { on: users },
  'iam:ListGroupsForUser': { on: users },
  'iam:ListAttachedGroupPolicies': { on: groups },
  'iam:ListGroupPolicies': { on: groups },
  'iam:GetGroupPolicy': { on: groups },
  'iam:GetPolicy': { on: managed },
  'iam:GetPolicyVersion': { on: managed },
} as const satisfies Reads;

/** A policy by its name or, of a managed one, its ARN. */
interface Policy {
  readonly of: string;
  readonly policy: string;
}

/** What a quarantine attaches, which only denies. */
const quarantine: ReadonlySet<string> = new Set([
  awsDenyAll,
  ofAws('AWSCompromisedKeyQuarantineV3'),
]);

/**
 * Reads the policies of a user and of its groups, but for the inline ones whose name starts with
 * `own` and those of a quarantine. One after the other: there may be some hundred, and IAM throttles.
 *
 * `listed` is for the record; documents are for the caller alone. What IAM refuses is named and
 * keeps back nothing else.
 */
export async function readPolicies(iam: IAMClient, userName: UserName, own: string) {
  const refused = new Set<AwsCall>();
  const ask = sparing(refused);
  const user = await ask('iam:GetUser', iam.send(new GetUserCommand({ UserName: userName })));
  const bound = user?.User?.PermissionsBoundary?.PermissionsBoundaryArn ?? null;
  const listed: Policy[] = [];
  const policies: unknown[] = [];
  // A user that may not be read may well be there.
  if (user || refused.has('iam:GetUser')) {
    const holders = [userHolder(iam, userName, ask), ...(await groupHolders(iam, userName, ask))];
    for (const holder of holders) {
      const held = await heldBy(holder, own);
      listed.push(...held.listed);
      policies.push(...held.documents);
    }
  }
  const arns = listed.map(({ policy }) => policy).filter((policy) => policy.startsWith('arn:'));
  for (const arn of new Set(arns)) policies.push(...(await managedDocument(iam, arn, ask)));
  const boundary = bound ? await managedDocument(iam, bound, ask) : [];
  return { listed, policies, bound, boundary, refused };
}

/** What a user or a group has attached, and its inline policies with their documents. */
async function heldBy({ of, attached, names, text }: Holder, own: string) {
  const arns = (await attached()).filter((arn) => !quarantine.has(arn));
  const inline = (await names()).filter((name) => !name.startsWith(own));
  const documents: unknown[] = [];
  for (const name of inline) documents.push(...document(await text(name)));
  return { listed: [...arns, ...inline].map((policy) => ({ of, policy })), documents };
}

type Holder = ReturnType<typeof userHolder>;
type Ask = ReturnType<typeof sparing>;

/** Reads of which one that is refused is noted and tells nothing, as when there is no such thing. */
const sparing =
  (refused: Set<AwsCall>) =>
  async <T>(call: AwsCall, request: Promise<T>): Promise<T | undefined> => {
    try {
      return await unlessGone(request);
    } catch (error) {
      if (!isRefused(error)) throw error;
      refused.add(call);
      return undefined;
    }
  };

const userHolder = (client: IAMClient, UserName: UserName, ask: Ask) => ({
  of: `user/${UserName}`,
  attached: async () => {
    const pages = paginateListAttachedUserPolicies({ client }, { UserName });
    const all = everyOne(pages, ({ AttachedPolicies }) => AttachedPolicies);
    return arnsOf(await ask('iam:ListAttachedUserPolicies', all));
  },
  names: async () => {
    const pages = paginateListUserPolicies({ client }, { UserName });
    const all = everyOne(pages, ({ PolicyNames }) => PolicyNames);
    return (await ask('iam:ListUserPolicies', all)) ?? [];
  },
  text: async (PolicyName: string) => {
    const get = client.send(new GetUserPolicyCommand({ UserName, PolicyName }));
    return (await ask('iam:GetUserPolicy', get))?.PolicyDocument;
  },
});

async function groupHolders(client: IAMClient, UserName: UserName, ask: Ask) {
  const pages = paginateListGroupsForUser({ client }, { UserName });
  const all = await ask(
    'iam:ListGroupsForUser',
    everyOne(pages, ({ Groups }) => Groups),
  );
  const names = (all ?? []).flatMap(({ GroupName }) => GroupName ?? []);
  return names.map((name) => groupHolder(client, name, ask));
}

const groupHolder = (client: IAMClient, GroupName: string, ask: Ask) => ({
  of: `group/${GroupName}`,
  attached: async () => {
    const pages = paginateListAttachedGroupPolicies({ client }, { GroupName });
    const all = everyOne(pages, ({ AttachedPolicies }) => AttachedPolicies);
    return arnsOf(await ask('iam:ListAttachedGroupPolicies', all));
  },
  names: async () => {
    const pages = paginateListGroupPolicies({ client }, { GroupName });
    const all = everyOne(pages, ({ PolicyNames }) => PolicyNames);
    return (await ask('iam:ListGroupPolicies', all)) ?? [];
  },
  text: async (PolicyName: string) => {
    const get = client.send(new GetGroupPolicyCommand({ GroupName, PolicyName }));
    return (await ask('iam:GetGroupPolicy', get))?.PolicyDocument;
  },
});

/** The default version's document, alone in a list; none where it could not be read. */
async function managedDocument(iam: IAMClient, PolicyArn: string, ask: Ask): Promise<unknown[]> {
  const policy = await ask('iam:GetPolicy', iam.send(new GetPolicyCommand({ PolicyArn })));
  const VersionId = policy?.Policy?.DefaultVersionId;
  if (!VersionId) return [];
  const version = iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
  return document((await ask('iam:GetPolicyVersion', version))?.PolicyVersion?.Document);
}

const document = (text: string | undefined): unknown[] =>
  text === undefined ? [] : [documentOf(text)];

const arnsOf = (attached: readonly { PolicyArn?: string | undefined }[] = []): string[] =>
  attached.flatMap(({ PolicyArn }) => PolicyArn ?? []);

import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import * as z from 'zod';
import example from '../cordon.config.example.ts';
import { AccountId, Region } from '../functions/shared/ids.ts';
import { Settings } from '../functions/shared/settings.ts';
import { problemsIn } from './config-problems.ts';
import { unknownRegion } from './known-regions.ts';
import { volumeKeyAlias } from './names.ts';

const OneRegion = Region.refine((region) => region !== 'global', {
  error: 'expected a Region, such as eu-west-1; IAM needs none of its own',
  abort: true,
});

/** The numbers of days that CloudWatch Logs takes, in order. */
const retentions = Object.values(RetentionDays).filter(
  (days): days is number => typeof days === 'number' && days <= 3653,
);

const Chat = z.union(
  [
    z.strictObject({
      slackWorkspace: z.string().regex(/^[0-9A-Z]{1,255}$/),
      slackChannel: z.string().regex(/^[0-9A-Z]{1,255}$/),
    }),
    z.strictObject({
      teamsTenant: z.guid(),
      teamsTeam: z.guid(),
      teamsChannel: z.string().min(1),
    }),
  ],
  {
    error:
      'expected {slackWorkspace, slackChannel} or {teamsTenant, teamsTeam, teamsChannel}, each an id as the chat tool gives it',
  },
);

// Found out from the rest, or the same in every deployment.
const settled = { targets: true, ownRoles: true } as const;

/**
 * What a deployer decides, in `cordon.config.ts`: where Cordon stands, whom it may act on and how
 * far, whom it tells, how long evidence stays. What has a default acts least.
 *
 * It has every member of `Settings`, which the steps read at run time, and what only the templates
 * are made of.
 */
const Configuration = Settings.omit(settled)
  .extend({
    responder: z.strictObject({
      /** The security account, which GuardDuty is administered from. */
      account: AccountId,
      /** Where the playbooks run, whichever Region they act in. */
      region: OneRegion,
      /** Those whose findings are sent on to the first. */
      furtherRegions: z.array(OneRegion).default([]),
    }),
    /** Regions that AWS opened after this version of `aws-cdk-lib` was made, which knows the others. */
    newerRegions: z.array(OneRegion).default([]),
    /** The organisation that the accounts to be acted in belong to. */
    organization: z
      .string()
      .regex(/^o-[a-z0-9]{10,32}$/, 'expected an organisation, o- and 10 to 32 letters or digits')
      .optional(),
    /** Accounts beside the responder's that Cordon may act in: a list, or all of the organisation. */
    members: z
      .union([z.literal('organization'), z.array(AccountId)], {
        error: ({ input }) =>
          Array.isArray(input)
            ? 'expected the 12 digits of an AWS account in each place'
            : `expected a list of accounts, or 'organization' for all of it, found ${JSON.stringify(input)}`,
      })
      .default([]),
    /** A secret word between the responder and the member role, against a confused deputy. */
    externalId: z
      .string()
      .regex(/^[\w+=,.@:/-]{8,1224}$/, 'expected 8 to 1224 letters, digits or +=,.@:/-')
      .optional(),
    /**
     * Who brings members' findings: GuardDuty, when the responder's account is its delegated
     * administrator, or each member's own Cordon stack. Never both, or all would be answered twice.
     */
    findings: z.enum(['delegated-administrator', 'forwarded-by-members']),
    evidence: z.strictObject({
      /** `compliance`: nobody can shorten it, AWS's support and root included. */
      mode: z.enum(['governance', 'compliance']),
      /** How long nothing that was stored can be deleted. */
      days: z.int().min(1).max(36_500),
    }),
    logs: z
      .strictObject({
        days: z
          .int()
          .refine((days) => retentions.includes(days), {
            error: `expected a number of days that CloudWatch Logs takes: ${retentions.join(', ')}`,
          })
          .default(RetentionDays.ONE_YEAR),
      })
      .prefault({}),
    notify: z
      .strictObject({
        email: z.array(z.email('expected an e-mail address')).default([]),
        chat: z.array(Chat).default([]),
      })
      .prefault({}),
    /** Custom actions, with which an analyst starts a playbook from a finding in Security Hub. */
    securityHub: z.boolean().default(false),
    /** Regions with a key of Cordon's own for the volumes that memory is written to: 1 USD a month each. */
    volumeKeys: z.array(OneRegion).default([]),
    /** On everything that takes a tag. */
    tags: z
      .record(
        z
          .string()
          .min(1)
          .max(128)
          .regex(/^(?!aws:)/i, {
            error: "expected a tag that does not begin with aws:, which is AWS's own",
          }),
        z.string().max(256),
      )
      .default({}),
  })
  .superRefine((config, context) => {
    const { organization, externalId, responder, volumeKeys, members, newerRegions } = config;
    const refuse = (path: readonly string[], message: string) =>
      context.addIssue({ code: 'custom', path: [...path], message });
    if (hasMembers(config)) {
      if (!externalId) refuse(['externalId'], 'expected one, since there are members to act in');
      if (!organization) refuse(['organization'], 'expected it, since there are members to act in');
    }
    if (members.includes(responder.account)) {
      refuse(['members'], `expected accounts other than the responder's, ${responder.account}`);
    }
    if (responder.furtherRegions.includes(responder.region)) {
      refuse(['responder', 'furtherRegions'], `expected Regions other than ${responder.region}`);
    }
    if (new Set(responder.furtherRegions).size < responder.furtherRegions.length) {
      refuse(['responder', 'furtherRegions'], 'expected no Region twice');
    }
    const { region, furtherRegions } = responder;
    for (const [path, one] of [
      ['region', region] as const,
      ...furtherRegions.map((further, n) => [`furtherRegions.${n}`, further] as const),
    ]) {
      const message = unknownRegion(one, newerRegions);
      if (message) refuse(['responder', ...path.split('.')], message);
    }
    const deployed: readonly string[] = [responder.region, ...responder.furtherRegions];
    if (volumeKeys.some((region) => !deployed.includes(region))) {
      refuse(['volumeKeys'], `expected Regions of the responder: ${deployed.join(', ')}`);
    }
  });

/** The example's own may stand in the example alone, since everybody knows it. */
const OwnConfiguration = Configuration.superRefine((config, context) => {
  if (!hasMembers(config) || config.externalId !== example.externalId) return;
  const message = 'expected a word of your own, not that of the example';
  context.addIssue({ code: 'custom', path: ['externalId'], message });
});

const hasMembers = ({ members }: Pick<Config, 'members'>): boolean =>
  members === 'organization' || members.length > 0;

/** A configuration as a deployer writes it. */
export type CordonConfig = z.input<typeof Configuration>;
/** A configuration that holds, with every default in place. */
export type Config = z.output<typeof Configuration>;

/** A configuration that cannot be deployed; the message has a line for each thing that is wrong. */
export class UnusableConfigError extends Error {
  override readonly name = 'UnusableConfigError';
}

/** Checks a configuration whole. Throws {@link UnusableConfigError}, which names `file`. */
export function parseConfig(
  said: unknown,
  file = 'cordon.config.ts',
  schema: z.ZodType<Config> = Configuration,
): Config {
  const parsed = schema.safeParse(said, { reportInput: true });
  if (parsed.success) return parsed.data;
  const problems = problemsIn(parsed.error, Configuration, said);
  throw new UnusableConfigError(problems.map((problem) => `${file}: ${problem}`).join('\n'));
}

/** Accounts that are listed as ones to act in; none where all of the organisation's are. */
export function listedAccounts({ members, managementAccount }: Config): readonly AccountId[] {
  if (members === 'organization' || members.length === 0) return [];
  return [...new Set([...members, ...(managementAccount ? [managementAccount] : [])])];
}

/** What the steps are given of it, as `settings.json` beside their code. */
export function settingsOf(config: Config): Settings {
  const { members, organization, externalId } = config;
  const known = Object.entries(config).filter(([key]) => key in Settings.shape);
  const keyIn = (region: string) =>
    `arn:aws:kms:${region}:${config.responder.account}:${volumeKeyAlias(config.stage)}`;
  const volumeKeys = Object.fromEntries(config.volumeKeys.map((region) => [region, keyIn(region)]));
  return Settings.parse({
    ...Object.fromEntries(known),
    memory: { ...config.memory, volumeKeys: { ...volumeKeys, ...config.memory.volumeKeys } },
    targets: {
      accounts: [...listedAccounts(config)],
      ...(members === 'organization' && { organization }),
      ...(externalId && { externalId }),
    },
  });
}

const inRepository = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
/** The deployer's own, which git does not know. */
export const ownConfig = inRepository('cordon.config.ts');
export const exampleConfig = inRepository('cordon.config.example.ts');

/** Reads a configuration from a TypeScript module. Throws {@link UnusableConfigError}. */
export async function loadConfig(path: string): Promise<Config> {
  const file = basename(path);
  if (!existsSync(path)) {
    throw new UnusableConfigError(
      `${file}: expected this file: copy ${basename(exampleConfig)} to it and change what is yours`,
    );
  }
  const module: { default?: unknown } = await import(pathToFileURL(path).href).catch((error) => {
    throw new UnusableConfigError(`${file}: expected a TypeScript module: ${error.message}`);
  });
  if (module.default === undefined) {
    throw new UnusableConfigError(`${file}: expected the configuration as its default export`);
  }
  return parseConfig(
    module.default,
    file,
    path === exampleConfig ? Configuration : OwnConfiguration,
  );
}

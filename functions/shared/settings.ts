import * as z from 'zod';
import { Approver } from './approval.ts';
import { AccountId, InstanceId, RoleName, UserName } from './ids.ts';
import { Policies, playbookNames } from './playbooks.ts';

const seconds = (least: number, most: number, otherwise: number) =>
  z.int().min(least).max(most).default(otherwise);

/** A memory acquisition tool in the deployer's bucket, known by its hash. */
const CaptureTool = z.strictObject({
  platform: z.enum(['linux', 'windows']),
  architecture: z.literal('x86_64'),
  bucket: z.string().min(3),
  key: z.string().min(1),
  /** Of the tool itself, hex. It is run only if what arrived has this hash. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits'),
});

/** More in an hour than one account's calls can do; less than one is what `playbooks` is for. */
const most = (otherwise: number) => z.int().min(1).max(10_000).default(otherwise);

/**
 * How many targets are contained in any hour without a person's word: a flood of findings, made or
 * meant, must not have Cordon take a company down. Each case counts once; dry runs do not.
 */
const Limits = z
  .strictObject({
    perAccount: most(10),
    inAll: most(30),
    /** Of each playbook. */
    perPlaybook: most(20),
  })
  .prefault({});

/** Cases that wait for people: those that every criterion named here holds for. */
const ApprovalRule = z
  .strictObject({
    /** What people are told: why they are asked. */
    name: z.string().trim().min(1).max(100),
    playbooks: z.array(z.enum(playbookNames)).min(1).optional(),
    /** Cases whose gravest finding is below it. */
    severityBelow: z.number().gt(0).max(11).optional(),
    accounts: z.array(AccountId).min(1).optional(),
    /** Accounts anywhere below these, which AWS Organizations is asked for. */
    organizationalUnits: z
      .array(
        z.string().regex(/^(?:ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})$/, {
          error: 'expected an organisational unit, ou-…, or a root, r-…',
        }),
      )
      .min(1)
      .optional(),
    /** Instances, users and roles, by id, name or ARN. Kept here, never as tags. */
    targets: z.array(z.string().trim().min(1).max(300)).min(1).optional(),
    /** How many different people must agree. */
    people: z.union([z.literal(1), z.literal(2)], 'expected 1 or 2').default(1),
  })
  .refine(({ name: _, people: __, ...criteria }) => Object.keys(criteria).length > 0, {
    error: 'expected one of playbooks, severityBelow, accounts, organizationalUnits, targets',
  });
export type ApprovalRule = z.infer<typeof ApprovalRule>;

const isEachOnce = (all: readonly string[]): boolean => new Set(all).size === all.length;

/** Who is asked before a case acts, when, and what silence means. */
const ApprovalSettings = z
  .strictObject({
    /** How long people have to answer. */
    minutes: z.int().min(5).max(480).default(60),
    /**
     * What no answer means. `act`: containment goes ahead, as far as the hourly limits let it; what
     * waits because of a limit does not, nor does anything else than containment.
     */
    whenTimeRunsOut: z.enum(['deny', 'act'], 'expected deny or act').default('deny'),
    /** Left empty, whoever may write the case table may answer, by command line. */
    approvers: z
      .array(Approver)
      .refine((all) => isEachOnce(all.map(({ name }) => name)), {
        error: 'expected no name twice',
      })
      .refine((all) => isEachOnce(all.flatMap(({ email }) => email?.toLowerCase() ?? [])), {
        error: 'expected no e-mail address twice: two people are told apart by it',
      })
      .refine((all) => isEachOnce(all.flatMap(({ arns }) => arns)), {
        error: 'expected no ARN twice: two people are told apart by it',
      })
      .default([]),
    rules: z.array(ApprovalRule).default([]),
  })
  .superRefine(({ approvers, rules }, { addIssue }) => {
    if (approvers.length >= 2 || !rules.some(({ people }) => people === 2)) return;
    addIssue({
      code: 'custom',
      path: ['approvers'],
      message: 'expected at least two approvers, since a rule asks for two people',
    });
  })
  .prefault({});

/**
 * What a deployment decides. Every field has a default that acts least; `{}` is a valid
 * configuration, under which nothing is captured from memory and no address is denied.
 */
export const Settings = z.strictObject({
  /** Tells several deployments in one organisation apart; part of every name they share. */
  stage: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,15}$/, 'expected 1 to 16 of a–z, 0–9 and -, a letter first')
    .default('prod'),
  /** Which accounts beside Cordon's own it may act in, through the role it is given there. */
  targets: z
    .strictObject({
      accounts: z.array(AccountId).default([]),
      /** Every account of this organisation, the listed ones or not. */
      organization: z
        .string()
        .regex(/^o-[a-z0-9]{10,32}$/, 'expected an organisation, o- and 10 to 32 letters or digits')
        .optional(),
      /** What the target role asks of whoever assumes it, against a confused deputy. */
      externalId: z
        .string()
        .regex(/^[\w+=,.@:/-]{2,1224}$/, 'expected 2 to 1224 letters, digits or +=,.@:/-')
        .optional(),
    })
    .prefault({}),
  /** How far each playbook may go. */
  playbooks: Policies,
  /** Never acted on, whatever a finding says. Kept here, never as tags, which an intruder can set. */
  neverTouch: z
    .strictObject({
      accounts: z.array(AccountId).default([]),
      instances: z.array(InstanceId).default([]),
      users: z.array(UserName).default([]),
      roles: z.array(RoleName).default([]),
      /** Users and roles that people get back in with when all else is locked. */
      breakGlass: z.array(z.union([UserName, RoleName])).default([]),
    })
    .prefault({}),
  /** Names of the two security groups, one of each per VPC. Not trusted: their rules are read. */
  isolation: z
    .strictObject({
      noRulesGroup: z.string().min(1).max(255).default('cordon-no-rules'),
      ssmOnlyGroup: z.string().min(1).max(255).default('cordon-ssm-only'),
    })
    .prefault({}),
  /** Locks of snapshots against deletion. In compliance mode nobody undoes one after the cool-off. */
  snapshotLock: z
    .strictObject({
      mode: z.enum(['off', 'governance', 'compliance']).default('off'),
      days: z.int().min(1).max(36_500).default(90),
      /** In compliance mode only; 0 is none at all. */
      coolOffHours: z.int().min(0).max(72).default(72),
    })
    .prefault({}),
  memory: z
    .strictObject({
      tools: z.array(CaptureTool).default([]),
      /** How long containment waits for the capture. */
      timeBoxSeconds: seconds(60, 7_200, 900),
      /** Polls are at least a minute apart; 0 only in rehearsals. */
      pollSeconds: seconds(60, 600, 60),
      /** KMS key for the memory volume; left out, the account's default EBS key. */
      kmsKeyId: z.string().min(1).optional(),
      /** The key in a Region, before that for all: a volume's key must be where the volume is. */
      volumeKeys: z.record(z.string(), z.string().min(1)).default({}),
    })
    .prefault({}),
  autoScaling: z
    .strictObject({
      /** How often, and how far apart, a member in transition is looked at again. */
      polls: z.int().min(0).max(60).default(5),
      pollSeconds: seconds(60, 600, 60),
    })
    .prefault({}),
  /** Denial of remote addresses in the subnet's network ACL, which also cuts tracked connections. */
  denyRemoteAddresses: z
    .strictObject({
      enabled: z.boolean().default(false),
      /** CIDR ranges never denied, beside private ones, the VPC's and the account's own addresses. */
      refuse: z.array(z.union([z.cidrv4(), z.cidrv6()])).default([]),
      hours: z.int().min(1).max(720).default(24),
      mostAddresses: z.int().min(1).max(10).default(5),
    })
    .prefault({}),
  /** What the responder's own roles are called, at the start: a case never cuts itself off. */
  ownRoles: RoleName.default(RoleName.parse('cordon-')),
  /** The organisation's management account: no principal in it is touched. Left out, none is it. */
  managementAccount: AccountId.optional(),
  /** What a user is quarantined with. The second of the two still lets the user read. */
  quarantine: z
    .strictObject({
      policy: z.enum(['AWSDenyAll', 'AWSCompromisedKeyQuarantineV3']).default('AWSDenyAll'),
    })
    .prefault({}),
  /** How far CloudTrail is followed from a stolen credential. A limit that is reached is reported. */
  trace: z
    .strictObject({
      /** How many times one session may have led to the next. */
      mostDepth: z.int().min(1).max(20).default(5),
      mostKeys: z.int().min(1).max(1_000).default(200),
      /** More roles than this are still followed, but no longer revoked without a human. */
      mostRoles: z.int().min(1).max(50).default(20),
      /** Kept one by one; those beyond are followed and counted all the same. */
      mostEvents: z.int().min(100).max(50_000).default(20_000),
      /** Less than the 15 minutes that a Lambda may run. */
      mostSeconds: seconds(60, 840, 720),
      /** CloudTrail lags: how long after the first look the second and the third are taken. */
      looksAfterSeconds: z
        .tuple([z.int().min(60).max(3_600), z.int().min(120).max(7_200)])
        .refine(([second, third]) => second < third, 'expected the third look after the second')
        .default([900, 3_600]),
    })
    .prefault({}),
  /** CloudWatch Logs Insights over a trail's log group, which AWS charges by the gigabyte scanned. */
  history: z
    .strictObject({
      /** In Cordon's own Region; left out, no history is queried. */
      logGroup: z
        .string()
        .regex(/^[\w./#-]{1,512}$/, 'expected the name of a log group')
        .optional(),
      hours: z.int().min(1).max(720).default(24),
      pollSeconds: seconds(60, 600, 60),
      polls: z.int().min(1).max(60).default(10),
    })
    .prefault({}),
  /** Containments in any hour; past one of them a case waits for approval instead of acting. */
  limits: Limits,
  approval: ApprovalSettings,
  /** How long a case holds its target: never less than the workflow's own time limit, 3 hours. */
  lockSeconds: seconds(10_800, 86_400, 14_400),
});
export type Settings = z.infer<typeof Settings>;

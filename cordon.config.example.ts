import type { CordonConfig } from './infra/config.ts';

/**
 * Copy this file to `cordon.config.ts`, which git does not know, and change what is yours.
 * `npm run synth` says what is wrong with it; `infra/config.ts` says what else there is.
 */
export default {
  /** Tells deployments in one organisation apart. It is part of every name they share. */
  stage: 'prod',
  responder: {
    // The security account: where GuardDuty is administered and the playbooks run.
    account: '111122223333',
    region: 'eu-west-1',
    // Their findings are sent to the first.
    furtherRegions: ['us-east-1'],
  },
  /** No principal in it is touched. Its own member stack must be deployed by hand. */
  managementAccount: '444455556666',
  organization: 'o-exampleorg1',
  /** Accounts beside the responder's, or 'organization' for all of it. */
  members: ['777788889999'],
  externalId: 'change-this-to-a-word-of-your-own',
  findings: 'delegated-administrator',

  /**
   * How far each playbook may go: off, dry-run, approve, live; or one for findings and one for people, as
   * {findings: 'dry-run', byHand: 'live'}. One that is not named here is a dry run.
   */
  playbooks: {
    'compromised-instance': 'dry-run',
    'compromised-access-key': 'dry-run',
    'compromised-role': 'dry-run',
    'attack-sequence': 'dry-run',
    'rotate-access-key': 'dry-run',
    release: 'dry-run',
  },
  /** Containments in any hour; past one of them a case waits for approval. */
  limits: { perAccount: 10, inAll: 30, perPlaybook: 20 },
  /**
   * Who may approve, each known by an address or by ARNs as `aws sts get-caller-identity` prints them;
   * how long they have, and what no answer means: deny or act. Rules say who is asked beside what a
   * policy of `approve` says: {name: 'production', accounts: ['777788889999'], people: 2}.
   */
  approval: { approvers: [], minutes: 60, whenTimeRunsOut: 'deny', rules: [] },
  /** Never acted on, whatever a finding says. */
  neverTouch: { accounts: [], instances: [], users: [], roles: [], breakGlass: ['break-glass'] },

  /** Nothing that was stored can be deleted before; `compliance` binds root too, so try governance. */
  evidence: { mode: 'governance', days: 365 },
  logs: { days: 365 },
  /** Your trail's log group in the responder's account and Region, for the API history. */
  history: {},
  /** Memory is captured where there is a tool for it: a bucket in the instance's Region. */
  memory: { tools: [] },
  notify: { email: [], chat: [] },
  /** Needs Security Hub to be enabled in the responder's account and Region. */
  securityHub: true,
  tags: { service: 'cordon' },
} satisfies CordonConfig;

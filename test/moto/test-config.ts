import { everyPlaybookLive } from '../../functions/shared/playbooks.ts';
import { parseConfig, settingsOf } from '../../infra/config.ts';

/** The account that moto plays; the one of the rehearsals. */
export const account = '111122223333';
/** Another one, in which Cordon acts by the role that it is given there. */
export const member = '777788889999';
/** Whose findings are sent to the responder's Region. */
export const furtherRegion = 'eu-central-1';
/** Where the trail is kept that is queried for the history. */
export const logGroup = 'trail';
/** What nobody may touch. None of it is there. */
export const untouchable = { instance: 'i-0bad0bad0bad0bad0', user: 'payroll', role: 'payroll' };

/** How Cordon is deployed to moto: with all that is off by default turned on. */
export const config = parseConfig({
  responder: { account, region: 'eu-west-1', furtherRegions: [furtherRegion] },
  members: [member],
  organization: 'o-exampleorg1',
  externalId: 'between-these-two',
  findings: 'delegated-administrator',
  evidence: { mode: 'governance', days: 30 },
  playbooks: everyPlaybookLive,
  neverTouch: {
    instances: [untouchable.instance],
    users: [untouchable.user],
    roles: [untouchable.role],
  },
  denyRemoteAddresses: { enabled: true },
  memory: {
    tools: [
      {
        platform: 'linux',
        architecture: 'x86_64',
        bucket: 'tools',
        key: 'avml',
        sha256: 'a'.repeat(64),
      },
    ],
  },
  history: { logGroup },
  securityHub: true,
  approval: { rules: [{ name: 'what is not grave', severityBelow: 6 }] },
  limits: { perAccount: 1000, inAll: 1000, perPlaybook: 1000 },
});

/** What its steps read of it. */
export const settings = settingsOf(config);

import * as z from 'zod';
import { everyPlaybookLive } from '../functions/shared/playbooks.ts';
import { Settings } from '../functions/shared/settings.ts';

const Said = z.looseObject({ playbooks: z.looseObject({}).optional() });

/**
 * The settings of a rehearsal, which differ from a deployment's in one default: every playbook may
 * go live, since a rehearsal account is all that it could change.
 */
export const RehearsalSettings = z.preprocess((settings) => {
  const said = Said.safeParse(settings);
  if (!said.success) return settings;
  return { ...said.data, playbooks: { ...everyPlaybookLive, ...said.data.playbooks } };
}, Settings);

/** What a replay runs with where its case says nothing of settings. */
export const rehearsalSettings = (): Settings => RehearsalSettings.parse({});

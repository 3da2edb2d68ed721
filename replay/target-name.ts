import type { Finding } from '../functions/shared/finding.ts';

/**
 * What a finding is about, as people call it: an instance or a key by its id, else a user or a role
 * by its name, with the session's. Null where the finding names none of them.
 *
 * A finding about credentials may name an instance too, which is not what it is about.
 */
export function targetName({ resourceType, instance, accessKey }: Finding): string | null {
  const { accessKeyId, userName, sessionName } = accessKey ?? {};
  const principal = userName && sessionName ? `${userName}/${sessionName}` : userName;
  const credentials = accessKeyId ?? principal;
  const instanceId = instance?.instanceId;
  return (resourceType === 'Instance' ? instanceId : (credentials ?? instanceId)) ?? null;
}

import type { Finding } from './finding.ts';

/** The event that GuardDuty would put on the bus; made from what is known where it wrote no detail. */
export function eventOf(finding: Finding, detail: unknown = detailOf(finding)): object {
  const { id, account, region, updatedAt: time, source } = finding;
  const type =
    source === 'manual'
      ? { 'detail-type': 'Start by Hand', source: 'cordon' }
      : { 'detail-type': 'GuardDuty Finding', source: 'aws.guardduty' };
  return { version: '0', id, ...type, account, time, region, resources: [], detail };
}

function detailOf(finding: Finding): object {
  const { id, type, severity, region, title, updatedAt, resourceType, resourceRole } = finding;
  const { archived, count, sample } = finding;
  const targets = {
    ...(finding.instance && { instanceDetails: { instanceId: finding.instance.instanceId } }),
    ...(finding.accessKey && { accessKeyDetails: finding.accessKey }),
  };
  const role = resourceRole && { resourceRole };
  const service = {
    serviceName: 'guardduty',
    ...role,
    archived,
    count,
    additionalInfo: { sample },
  };
  const stated = { schemaVersion: '2.0', accountId: finding.account, region, id, type, severity };
  const resource = { resourceType, ...targets };
  return { ...stated, ...(title && { title }), updatedAt, resource, service };
}

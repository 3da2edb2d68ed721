/** A member as the SDK spells it, from EventBridge's spelling. */
export const pascalCase = (member: string): string =>
  `${member.slice(0, 1).toUpperCase()}${member.slice(1)}`;

/**
 * Spells the members of an SDK answer as EventBridge does: with a small first letter, all the way
 * down. Keys that are data and no member, such as `AWS::S3::Bucket`, stay as they are.
 */
export function camelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, inner]) => [spelled(member), camelCase(inner)]),
  );
}

const spelled = (member: string): string =>
  /^[A-Z]\w*$/.test(member) ? `${member.slice(0, 1).toLowerCase()}${member.slice(1)}` : member;

/** `isolate-instance` is `IsolateInstance` in a template and in a workflow's placeholders. */
export const pascal = (kebab: string): string =>
  kebab.replaceAll(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Its first word is what the guard rail knows Cordon's own roles by, whose names begin with it. */
export const stackName = (stage: string, part: string): string => `cordon-${stage}-${part}`;

export const machineName = (stage: string, playbook: string): string =>
  `cordon-${stage}-${playbook}`;

/** Of the key that memory volumes in an account that Cordon acts in are encrypted with. */
export const volumeKeyAlias = (stage: string): string => `alias/cordon-${stage}-memory`;

/** What the ARN of the key of Cordon's records is exported as, for stacks beside the responder's. */
export const recordsKeyExport = (stage: string): string => `cordon-${stage}-records-key`;

/**
 * The path of the roles that other accounts trust. CloudFormation makes their names and may cut them
 * short; the path is theirs whatever they are called.
 */
export const ownRoles = (stage: string): string => `/cordon-${stage}/`;

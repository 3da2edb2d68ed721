import { readFileSync } from 'node:fs';

/** What a capture document runs on. */
export type Platform = 'linux' | 'windows';

/** A document of SSM, schema 2.2, as far as those that capture memory go. */
export interface CaptureDocument {
  readonly schemaVersion: '2.2';
  readonly description: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly mainSteps: readonly object[];
}

interface Parameter {
  readonly type: 'String';
  readonly description: string;
  readonly allowedPattern: string;
  readonly default?: string;
}

/** What a deployment's capture documents are called, in every account and Region it reaches. */
export const documentName = (stage: string, platform: Platform): string =>
  `cordon-${stage}-capture-memory-${platform}`;

/**
 * No pattern lets a quote, a `$`, a backslash, a line's end or `{{` through, so no value can leave
 * the quoted literal that it is put into, nor have SSM fill in a parameter of its own.
 */
const parameters = {
  CaseId: { description: 'Written into the trailer', allowedPattern: '^[a-z0-9][a-z0-9-]{7,79}$' },
  VolumeId: {
    description: 'The volume that memory is written to',
    allowedPattern: '^vol-[0-9a-f]{8,17}$',
  },
  VolumeBytes: { description: 'Its exact size', allowedPattern: '^[1-9][0-9]{0,17}$' },
  DeviceName: { description: 'Where it is attached', allowedPattern: '^(/dev/sd|xvd)[f-p]$' },
  ToolUrl: {
    description: 'A presigned link to the capture tool, good for five minutes',
    allowedPattern:
      '^https://[a-z0-9.-]+[.]amazonaws[.]com([.]cn)?/[A-Za-z0-9/%._~-]+[?][A-Za-z0-9%._~=&-]+$',
  },
  ToolSha256: { description: 'What must arrive', allowedPattern: '^[0-9a-f]{64}$' },
  LeastBytes: {
    description: "An image below this is none of this host's memory",
    allowedPattern: '^[1-9][0-9]{0,17}$',
  },
} as const;

/** A value for each of a capture document's parameters, but for how long it may run. */
export type CaptureValues = Readonly<Record<keyof typeof parameters, string>>;

// SSM adds what a parameter of this name says to the time that a command has to be delivered.
const executionTimeout: Parameter = {
  type: 'String',
  description: 'Seconds after which the agent stops the capture',
  allowedPattern: '^[1-9][0-9]{1,3}$',
  default: '900',
};

/**
 * The document that captures a host's memory: the platform's script, its parameters in front of it
 * as quoted literals. `infra` deploys it to every account and Region that Cordon reaches; the step
 * compares what it finds there with this before it sends it.
 *
 * Every value is a string: CloudFormation may hand SSM numbers and booleans as strings.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html
 */
export function captureDocument(platform: Platform): CaptureDocument {
  const { action, system, inFront, text } = platforms[platform];
  return {
    schemaVersion: '2.2',
    description: "Cordon: writes an image of this host's memory to a blank volume made for it.",
    parameters: {
      ...Object.fromEntries(
        Object.entries(parameters).map(([name, of]) => [name, { type: 'String', ...of }]),
      ),
      executionTimeout,
    },
    mainSteps: [
      {
        action,
        name: 'captureMemory',
        precondition: { StringEquals: ['platformType', system] },
        inputs: { timeoutSeconds: '{{ executionTimeout }}', runCommand: [`${inFront}${text()}`] },
      },
    ],
  };
}

const names = Object.keys(parameters);
const upperSnakeCase = (name: string): string =>
  name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();

/**
 * The scripts stand beside this module and are read from there. In the bundle they are not: there
 * `infra/read-scripts.ts` puts a script's text in place of each `readFileSync(new URL(…), 'utf8')`,
 * which must therefore stay one expression on one line, with the file's name as a literal.
 */
const platforms = {
  linux: {
    action: 'aws:runShellScript',
    system: 'Linux',
    // The agent runs the script by its first line; without one, by `sh`.
    inFront: `#!/bin/bash\n${names.map((name) => `${upperSnakeCase(name)}='{{ ${name} }}'\n`).join('')}`,
    text: () => readFileSync(new URL('./capture-linux.sh', import.meta.url), 'utf8'),
  },
  windows: {
    action: 'aws:runPowerShellScript',
    system: 'Windows',
    inFront: names.map((name) => `$${name} = '{{ ${name} }}'\n`).join(''),
    text: () => readFileSync(new URL('./capture-windows.ps1', import.meta.url), 'utf8'),
  },
} as const;

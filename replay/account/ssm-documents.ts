import {
  type GetDocumentRequest,
  type GetDocumentResult,
  InvalidDocument,
  InvalidDocumentVersion,
  InvalidParameters,
  type SendCommandRequest,
} from '@aws-sdk/client-ssm';
import {
  captureDocument,
  documentName,
  type Platform,
} from '../../functions/start-memory-capture/capture-document.ts';

/** A document of the account's own, as its state has it. */
interface Stated {
  readonly name: string;
  readonly version: string;
  readonly content?: string | undefined;
}

/** A document with what decides whether a command may be sent with it. */
export interface SendableDocument {
  readonly name: string;
  /** Of the account's own documents. */
  readonly version?: string;
  /** SSM's words for platforms. */
  readonly runsOn: readonly string[];
}

const platforms: readonly Platform[] = ['linux', 'windows'];

/** What a deployment of Cordon of the usual stage leaves in every account it reaches. */
export const deployedDocuments = () =>
  platforms.map((platform) => ({ name: documentName('prod', platform), version: '1' }));

/** What a document captures memory of, if a deployment of whatever stage makes one of this name. */
function platformOf(name: string): Platform | undefined {
  return platforms.find((platform) => {
    const [start = '', end = ''] = documentName('*', platform).split('*');
    return name.startsWith(start) && name.endsWith(end);
  });
}

/** Whether a deployment of whatever stage makes a document of this name. */
export const isDeployed = (name: string): boolean => platformOf(name) !== undefined;

const $metadata = { httpStatusCode: 400 };

function find(documents: readonly Stated[], name: string, version = '$DEFAULT'): Stated {
  const found = documents.find((document) => document.name === name);
  if (!found) {
    const message = `Document with name ${name} does not exist.`;
    throw new InvalidDocument({ message, $metadata });
  }
  // The state holds one version of each.
  if (![found.version, '$DEFAULT', '$LATEST'].includes(version)) {
    const message = `Document with name ${name} and version ${version} does not exist.`;
    throw new InvalidDocumentVersion({ message, $metadata });
  }
  return found;
}

function contentOf({ name, content }: Stated): string {
  const platform = platformOf(name);
  // The state's schema refuses the one without the other.
  return content ?? (platform ? JSON.stringify(captureDocument(platform)) : '{}');
}

/** A document of the account's own as it stands, in its one version. */
export function getDocument(
  documents: readonly Stated[],
  { Name = '', DocumentVersion }: GetDocumentRequest,
): GetDocumentResult {
  const found = find(documents, Name, DocumentVersion);
  return {
    Name: found.name,
    DocumentVersion: found.version,
    Status: 'Active',
    Content: contentOf(found),
    DocumentType: 'Command',
    DocumentFormat: 'JSON',
  };
}

/** AWS's own documents, by the platforms that they run on. */
const ofAws: Readonly<Record<string, readonly string[]>> = {
  'AWS-RunShellScript': ['Linux', 'MacOS'],
  'AWS-RunPowerShellScript': ['Windows', 'Linux', 'MacOS'],
};

/**
 * The document that a command names, or what SSM refuses it for: a document or version that is not
 * there, a parameter it does not have, lacks, or whose pattern the value does not match.
 */
export function documentToSend(
  documents: readonly Stated[],
  { DocumentName = '', DocumentVersion, Parameters = {} }: SendCommandRequest,
): SendableDocument {
  const runsOn = ofAws[DocumentName];
  if (runsOn) return { name: DocumentName, runsOn };
  const found = find(documents, DocumentName, DocumentVersion);
  const content = contentOf(found);
  refuseParameters(parametersOf(content), Parameters);
  return { ...found, runsOn: runsOnOf(content) };
}

type Declared = Readonly<Record<string, { allowedPattern?: string; default?: string }>>;

// SSM takes no document that is not JSON of this shape; the state's content is its writer's.
const parametersOf = (content: string): Declared =>
  (JSON.parse(content) as { parameters?: Declared }).parameters ?? {};

function refuseParameters(declared: Declared, given: Readonly<Record<string, string[]>>): void {
  const refuse = (message: string) => new InvalidParameters({ message, $metadata });
  for (const name of Object.keys(given)) {
    if (!(name in declared)) throw refuse(`Document has no parameter ${name}`);
  }
  for (const [name, { allowedPattern = '', default: otherwise }] of Object.entries(declared)) {
    const [value = otherwise] = given[name] ?? [];
    if (value === undefined) throw refuse(`Parameter ${name} is missing`);
    if (!new RegExp(allowedPattern).test(value)) {
      throw refuse(`Parameter ${name} does not match ${allowedPattern}`);
    }
  }
}

/** SSM derives the platforms from the actions, whatever their preconditions say. */
const runsOnOf = (content: string): readonly string[] =>
  content.includes('"aws:runPowerShellScript"')
    ? (ofAws['AWS-RunPowerShellScript'] ?? [])
    : (ofAws['AWS-RunShellScript'] ?? []);

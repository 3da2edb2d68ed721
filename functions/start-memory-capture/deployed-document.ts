import { isDeepStrictEqual } from 'node:util';
import { GetDocumentCommand, InvalidDocument, type SSMClient } from '@aws-sdk/client-ssm';
import { captureDocument, documentName, type Platform } from './capture-document.ts';

/** A document that was read and is the one that was built, by the version that was read. */
export interface Deployed {
  readonly name: string;
  readonly version: string;
}

/**
 * The deployment's own capture document as the target's account has it, or why it is not sent.
 *
 * Whoever has taken over an account may have put a script of theirs in its place, to be run by
 * Cordon on the instance and to answer with an image of their choice. So its content is compared,
 * as JSON, and of its versions the one that was read is sent.
 */
export async function deployedDocument(
  ssm: SSMClient,
  stage: string,
  platform: Platform,
): Promise<Deployed | 'no-document' | 'document-altered'> {
  const name = documentName(stage, platform);
  try {
    const { Content, DocumentVersion } = await ssm.send(
      new GetDocumentCommand({ Name: name, DocumentFormat: 'JSON' }),
    );
    const isOurs = isDeepStrictEqual(fromJson(Content), captureDocument(platform));
    return isOurs && DocumentVersion ? { name, version: DocumentVersion } : 'document-altered';
  } catch (error) {
    if (error instanceof InvalidDocument) return 'no-document';
    throw error;
  }
}

/** Undefined for what is not JSON: a document of YAML is none of ours. */
function fromJson(content = ''): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

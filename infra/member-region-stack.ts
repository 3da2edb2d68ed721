import { Stack, type StackProps } from 'aws-cdk-lib';
import { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import {
  captureDocument,
  documentName,
  type Platform,
} from '../functions/start-memory-capture/capture-document.ts';
import { triggers } from '../statemachines/triggers.ts';
import type { Config } from './config.ts';
import { forwardFindings } from './forwarding.ts';
import { pascal } from './names.ts';

const platforms: readonly Platform[] = ['linux', 'windows'];

/**
 * The documents that capture memory, in every account and Region where that is to be done, Cordon's
 * own included. A changed script is a new version under the same name.
 */
export function captureDocuments(scope: Construct, { stage }: Config): void {
  for (const platform of platforms) {
    new CfnDocument(scope, pascal(`capture-memory-${platform}`), {
      name: documentName(stage, platform),
      documentType: 'Command',
      documentFormat: 'JSON',
      targetType: '/AWS::EC2::Instance',
      content: captureDocument(platform),
      updateMethod: 'NewVersion',
    });
  }
}

/**
 * What a member account has in each Region: the capture documents, and where GuardDuty does not bring
 * its findings to the responder, the rules that do. Never both, or all would be answered twice.
 */
export class MemberRegionStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { config, ...props }: StackProps & { readonly config: Config },
  ) {
    super(scope, id, props);
    captureDocuments(this, config);
    if (config.findings === 'forwarded-by-members') forwardFindings(this, triggers, config);
  }
}

import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { triggers } from '../statemachines/triggers.ts';
import type { Config } from './config.ts';
import { forwardFindings } from './forwarding.ts';
import { volumeKey } from './keys.ts';

/**
 * A further Region of the security account: its findings go to the home Region, whose steps then act
 * where the finding says. What GuardDuty repeats of IAM in every Region joins the case of the first.
 */
export class ForwardingStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { config, ...props }: StackProps & { readonly config: Config },
  ) {
    super(scope, id, props);
    forwardFindings(this, triggers, config);
    if (config.volumeKeys.some((region) => region === this.region)) volumeKey(this, config);
  }
}

import { App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Config } from './config.ts';
import { stackName } from './names.ts';
import { ResponderStack } from './responder-stack.ts';

interface AppProps {
  readonly config: Config;
  /** The folder that all Lambdas are made of. */
  readonly asset: string;
  /** Where the templates go; left out, to a temporary folder. */
  readonly outdir?: string;
}

/** Every stack of a deployment. Nothing is looked up: the templates follow from the configuration. */
export function cordonApp({ config, asset, outdir }: AppProps): App {
  const app = new App({
    // Access logs are let in by the bucket's policy, not by an ACL, which the bucket takes none of.
    context: { '@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy': true },

    ...(outdir && { outdir }),
    analyticsReporting: false,
    treeMetadata: false,
  });
  const { stage, responder } = config;
  new ResponderStack(app, stackName(stage, 'responder'), {
    config,
    asset,
    env: { account: responder.account, region: responder.region },
    description: 'Cordon: the playbooks, in the security account',
  });
  for (const [key, value] of Object.entries(config.tags)) Tags.of(app).add(key, value);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}

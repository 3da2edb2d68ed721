import {
  App,
  BootstraplessSynthesizer,
  type IStackSynthesizer,
  Tags,
  Validations,
} from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Config } from './config.ts';
import { ForwardingStack } from './forwarding-stack.ts';
import { MemberAccountStack } from './member-account-stack.ts';
import { MemberRegionStack } from './member-region-stack.ts';
import { stackName } from './names.ts';
import { ResponderStack } from './responder-stack.ts';
import { SecurityHubStack } from './security-hub-stack.ts';

interface AppProps {
  readonly config: Config;
  /** The folder that all Lambdas are made of. */
  readonly asset: string;
  /** Where the templates go; left out, to a temporary folder. */
  readonly outdir?: string;
  /** Whether cdk-nag has its say, which throws when it finds something; a second for each run. */
  readonly checked?: boolean;
}

/** Every stack of a deployment. Nothing is looked up: the templates follow from the configuration. */
export function cordonApp({ config, asset, outdir, checked = true }: AppProps): App {
  const app = new App({
    // Access logs are let in by the bucket's policy, not by an ACL, which the bucket takes none of.
    context: {
      '@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy': true,
      'aws:cdk:disable-stack-trace': true,
    },
    ...(outdir && { outdir }),
    analyticsReporting: false,
    // Takes 7 s a run: cfn-lint says the same and more, in `npm run lint:templates`.
    builtinCloudFormationValidation: false,
    treeMetadata: false,
  });
  const { stage, responder } = config;
  const { account } = responder;
  const home = { account, region: responder.region };
  const responding = new ResponderStack(app, stackName(stage, 'responder'), {
    config,
    asset,
    env: home,
    description: 'Cordon: the playbooks, in the security account',
  });
  if (config.securityHub) {
    const hub = new SecurityHubStack(app, stackName(stage, 'security-hub'), {
      config,
      env: home,
      description: 'Cordon: the custom actions in Security Hub',
    });
    hub.addStackDependency(responding);
  }
  for (const region of responder.furtherRegions) {
    new ForwardingStack(app, stackName(stage, `forwarding-${region}`), {
      config,
      env: { account, region },
      description: `Cordon: sends findings to ${responder.region}`,
    });
  }
  // For StackSets, so the same for every account and Region, and without assets or a bootstrap.
  // CDK's own class does not satisfy its interface where optional properties are exact.
  const synthesizer = () => new BootstraplessSynthesizer() as IStackSynthesizer;
  new MemberAccountStack(app, stackName(stage, 'member-account'), {
    config,
    synthesizer: synthesizer(),
    description: 'Cordon: what it may do in a member account; once per account',
  });
  new MemberRegionStack(app, stackName(stage, 'member-region'), {
    config,
    synthesizer: synthesizer(),
    description: 'Cordon: what it needs in each Region of a member account',
  });
  for (const [key, value] of Object.entries(config.tags)) Tags.of(app).add(key, value);
  if (checked) Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}

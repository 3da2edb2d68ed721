import type { Plugin } from 'esbuild';

/**
 * Leaves a client's default credentials to the environment, where Lambda puts those of the role.
 *
 * The SDK's own chain also looks into profiles, single sign-on, web identities and the metadata
 * service, for which it carries four more clients. In a Lambda none of these is ever there.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 */
export const lambdaCredentials: Plugin = {
  name: 'lambda-credentials',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ path, resolveDir }) => ({
      path,
      namespace: 'lambda-credentials',
      pluginData: { resolveDir },
    }));
    onLoad({ filter: /.*/, namespace: 'lambda-credentials' }, ({ pluginData }) => ({
      contents: "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';",
      resolveDir: pluginData.resolveDir,
    }));
  },
};

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/moto/**'],
    globalSetup: [fileURLToPath(new URL('every-declared-call.ts', import.meta.url))],
    // No test changes what a module holds, so the files of a worker share their modules.
    isolate: false,
    // Node runs the code as it runs the commands and the Lambdas, without Vite in between: no test
    // mocks a module, and a fifth of the time goes into that.
    experimental: { viteModuleRunner: false },
    // Vitest leaves one core to its watcher, and a run has none.
    maxWorkers: '100%',
    // Only what hangs is stopped: how fast something is, `npm run bench` measures.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // No test reaches for the network: dummy credentials, no metadata service, no log lines.
    env: {
      AWS_ACCESS_KEY_ID: 'AKIATESTTESTTESTTEST',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
      POWERTOOLS_LOG_LEVEL: 'SILENT',
    },
  },
});

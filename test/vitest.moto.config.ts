import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/moto/**/*.test.ts'],
    globalSetup: [fileURLToPath(new URL('moto/start-moto.ts', import.meta.url))],
    // Each worker has a moto of its own, and each file starts by emptying it.
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    env: {
      AWS_ACCESS_KEY_ID: 'AKIATESTTESTTESTTEST',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
      POWERTOOLS_LOG_LEVEL: 'SILENT',
    },
  },
});

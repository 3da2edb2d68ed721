import type { Step } from './shared/step.ts';

/** Every step there is. `infra` deploys a Lambda for each; `replay` looks them up here by name. */
export const steps: readonly Step[] = [];

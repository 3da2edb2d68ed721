import { closeCase } from './close-case/handler.ts';
import { inspectInstance } from './inspect-instance/handler.ts';
import { openCase } from './open-case/handler.ts';
import { tellHuman } from './tell-human/handler.ts';

/** Every step there is. `infra` deploys a Lambda for each; `replay` looks them up here by name. */
export const steps = [closeCase, inspectInstance, openCase, tellHuman] as const;

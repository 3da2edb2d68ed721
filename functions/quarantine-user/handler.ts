import { IAMClient } from '@aws-sdk/client-iam';
import * as z from 'zod';
import { patient } from '../shared/connection.ts';
import { holdingPrincipal, userArn } from '../shared/held-principal.ts';
import { UserName } from '../shared/ids.ts';
import { toLambda } from '../shared/lambda.ts';
import { attachedPolicies, deniesAll, ofAws, quarantinePolicy } from '../shared/quarantine.ts';
import { defineStep, NotProvenError } from '../shared/step.ts';
import { liftQuarantine } from './lift-quarantine.ts';
import { Before, Quarantine, quarantine } from './quarantine.ts';

const input = z.strictObject({ userName: UserName });

const users = 'arn:aws:iam::*:user/*';
const onlyThese = {
  ArnEquals: { 'iam:PolicyARN': [ofAws('AWSDenyAll'), ofAws('AWSCompromisedKeyQuarantineV3')] },
};
const reads = {
  'iam:ListAttachedUserPolicies': { on: users },
  'iam:GetUserPolicy': { on: users },
};

/**
 * Denies the user everything, whatever credentials are used: AWSDenyAll, or as configured the
 * policy that AWS itself attaches to users whose key was leaked, which denies less.
 *
 * A user may have ten managed policies. Where no more fits, an inline policy of the case's own does
 * the same in the fewest characters IAM takes; where that does not fit either the step fails, and a
 * human must make room. What no policy on the user can stop is in `cannotStop`.
 *
 * It detaches nothing, changes no group and no password, and leaves the user's keys as they are
 * (`deactivate-access-key`). A policy that another case attached is shared, not attached again.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html
 */
export const quarantineUser = defineStep({
  name: 'quarantine-user',
  input,
  output: Quarantine,
  reads,
  writes: {
    'iam:AttachUserPolicy': { on: users, when: onlyThese, standIn: () => ({}) },
    'iam:PutUserPolicy': { on: users, standIn: () => ({}) },
  },
  connect: (to) => ({ iam: new IAMClient(patient(to)) }),

  run: ({ userName }, { iam }, context) =>
    holdingPrincipal(context, userArn(context.case, userName), () =>
      quarantine(iam, userName, context),
    ),

  async prove({ userName }, result, { iam }, { case: ref }) {
    if (result.outcome !== 'quarantined') return result;
    const { policyArn } = result;
    const stands = policyArn
      ? (await attachedPolicies(iam, userName))?.includes(policyArn)
      : deniesAll(await quarantinePolicy(iam, userName, ref).read());
    if (!stands) throw new NotProvenError(`${userName} does not have the policy that denies`);
    return result;
  },

  undo: {
    before: Before,
    reads,
    writes: {
      'iam:DetachUserPolicy': { on: users, when: onlyThese, standIn: () => ({}) },
      'iam:DeleteUserPolicy': { on: users, standIn: () => ({}) },
    },
    run: (before, { iam }, context) =>
      holdingPrincipal(context, userArn(context.case, before.userName), () =>
        liftQuarantine(iam, before, context),
      ),
  },
});

export const handler = toLambda(quarantineUser);

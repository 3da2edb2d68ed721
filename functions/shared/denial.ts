/**
 * A document that denies everything to whom it is put on, on a condition where one is given.
 *
 * As short as IAM takes it, with no Version and no list of one: all inline policies of a user
 * together may have 2,048 characters.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const denial = (Condition?: object) => ({
  Statement: { Effect: 'Deny', Action: '*', Resource: '*', ...(Condition && { Condition }) },
});

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SFNClient } from '@aws-sdk/client-sfn';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { Approvals } from '../../functions/shared/approvals.ts';
import { CaseTableInDynamoDb } from '../../functions/shared/case-table-dynamodb.ts';
import { answerTask } from '../../functions/shared/executions-on-aws.ts';
import { findTable, type To } from '../start/deployment.ts';
import { refusal } from '../start/refusal.ts';
import { type Deployment, NoDeploymentError, type Where } from './command.ts';

/**
 * The approvals of a deployment on AWS, answered with the caller's own credentials: who may write the
 * case table may answer. Throws {@link NoDeploymentError}.
 */
export async function openOnAws(where: Where, endpoint: Partial<To> = {}): Promise<Deployment> {
  const { profile, region, stage } = where;
  const to: To = { ...(profile && { profile }), ...(region && { region }), ...endpoint };
  try {
    const { Arn: arn = '' } = await new STSClient(to).send(new GetCallerIdentityCommand({}));
    const table = await findTable(to, stage);
    if (!table) throw new NoDeploymentError(`cordon-${stage}-responder has no case table here.`);
    const documents = DynamoDBDocumentClient.from(new DynamoDBClient(to), {
      marshallOptions: { removeUndefinedValues: true },
    });
    const sfn = new SFNClient(to);
    return {
      approvals: new Approvals(new CaseTableInDynamoDb(documents, table), () => new Date()),
      answer: (token, output) => answerTask(sfn, token, output),
      whoAmI: async () => arn,
    };
  } catch (error) {
    const why = refusal(error, to) ?? notThere(error, stage);
    if (!why) throw error;
    throw new NoDeploymentError(why);
  }
}

/** CloudFormation has no error of its own for a stack that is not there. */
const notThere = (error: unknown, stage: string): string | undefined =>
  error instanceof Error && /does not exist/.test(error.message)
    ? `There is no stack cordon-${stage}-responder here: say --profile, --region and --stage of the responder.`
    : undefined;

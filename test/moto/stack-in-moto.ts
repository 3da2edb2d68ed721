import { readdirSync, readFileSync } from 'node:fs';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateDocumentCommand,
  DeleteDocumentCommand,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { patient } from '../../functions/shared/connection.ts';
import type { Connection } from '../../functions/shared/step.ts';
import { typesUnknown } from './additions.ts';
import { toMoto } from './moto.ts';
import { account } from './test-config.ts';

const s3 = new S3Client(patient(toMoto));

const Template = z.looseObject({
  Resources: z.record(z.string(), z.looseObject({ Type: z.string() })),
});
const Assets = z.object({
  files: z.record(
    z.string(),
    z.object({
      destinations: z.record(
        z.string(),
        z.object({ bucketName: z.string(), objectKey: z.string() }),
      ),
    }),
  ),
});

/** A resource of a stack that moto has made. */
export interface Made {
  readonly logicalId: string;
  readonly type: string;
  readonly id: string;
}

/**
 * Creates a stack from its synthesised template, as `cdk deploy` would: with the bootstrap's bucket
 * and version there, and something uploaded for every asset. Says what moto made of it, and which
 * resources it passed over because it does not know their type.
 */
export async function createStack(folder: string, name: string, to: Connection = toMoto) {
  const cloudFormation = new CloudFormationClient(patient(to));
  await bootstrap(folder, to.region);
  const text = readFileSync(`${folder}/${name}.template.json`, 'utf8');
  const template = Template.parse(JSON.parse(text));
  await cloudFormation.send(
    new CreateStackCommand({
      StackName: name,
      TemplateBody: JSON.stringify(await asFarAsKnown(template)),
      Capabilities: ['CAPABILITY_NAMED_IAM'],
    }),
  );
  const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
  const status = Stacks?.[0]?.StackStatus;
  if (status !== 'CREATE_COMPLETE') throw new Error(`${name}: ${status}`);
  const { StackResources = [] } = await cloudFormation.send(
    new DescribeStackResourcesCommand({ StackName: name }),
  );
  const made = StackResources.flatMap((resource): Made[] => {
    const { LogicalResourceId, ResourceType, PhysicalResourceId } = resource;
    if (!LogicalResourceId || !ResourceType || !PhysicalResourceId) return [];
    return [{ logicalId: LogicalResourceId, type: ResourceType, id: PhysicalResourceId }];
  });
  const known = new Set(made.map(({ logicalId }) => logicalId));
  const passedOver = Object.entries(template.Resources).filter(
    ([logicalId]) => !known.has(logicalId),
  );
  return { made, passedOver: new Set(passedOver.map(([, { Type }]) => Type)) };
}

const DocumentProperties = z.object({ Name: z.string(), Content: z.looseObject({}) });

/**
 * Makes the SSM documents of a stack again from its template: moto's CloudFormation keeps their
 * content as Python prints it, which is no JSON.
 */
export async function remakeDocuments(folder: string, name: string): Promise<void> {
  const text = readFileSync(`${folder}/${name}.template.json`, 'utf8');
  const ssm = new SSMClient(patient(toMoto));
  for (const { Type, Properties } of Object.values(Template.parse(JSON.parse(text)).Resources)) {
    if (Type !== 'AWS::SSM::Document') continue;
    const { Name, Content: content } = DocumentProperties.parse(Properties);
    const Content = JSON.stringify(content);
    await ssm.send(new DeleteDocumentCommand({ Name }));
    await ssm.send(
      new CreateDocumentCommand({ Name, Content, DocumentType: 'Command', DocumentFormat: 'JSON' }),
    );
  }
}

/** Stands where a resource that moto does not make would be named; an address, as most of them are. */
const notInMoto = 'https://not-in-moto.lambda-url.eu-west-1.on.aws/';

/**
 * A template without what moto has no word for: moto refuses a whole template that reads an
 * attribute of such a resource, in another one or in an output.
 */
async function asFarAsKnown({ Resources, Outputs: _, ...rest }: z.infer<typeof Template>) {
  const unknown = new Set(await typesUnknown(Object.values(Resources).map(({ Type }) => Type)));
  const [left, kept] = [new Set<unknown>(), [] as [string, object][]];
  for (const [id, { DependsOn: __, ...resource }] of Object.entries(Resources)) {
    if (unknown.has(resource.Type)) left.add(id);
    else kept.push([id, resource]);
  }
  const known = (_key: string, value: unknown) => {
    const { Ref, 'Fn::GetAtt': read } = Reading.safeParse(value).data ?? {};
    return left.has(Ref) || left.has(read?.[0]) ? notInMoto : value;
  };
  return JSON.parse(JSON.stringify({ ...rest, Resources: Object.fromEntries(kept) }, known));
}

const Reading = z.object({
  Ref: z.string().optional(),
  'Fn::GetAtt': z.array(z.unknown()).optional(),
});

async function bootstrap(folder: string, region: string): Promise<void> {
  const ssm = new SSMClient(patient({ ...toMoto, region }));
  await ssm.send(
    new PutParameterCommand({
      Name: '/cdk-bootstrap/hnb659fds/version',
      Value: '30',
      Type: 'String',
      Overwrite: true,
    }),
  );
  for (const { bucketName, objectKey } of assetsIn(folder)) {
    const Bucket = bucketName
      .replace(/\$\{AWS::AccountId\}/, account)
      .replace(/\$\{AWS::Region\}/, toMoto.region);
    await s3
      .send(
        new CreateBucketCommand({
          Bucket,
          CreateBucketConfiguration: { LocationConstraint: toMoto.region },
        }),
      )
      .catch(() => undefined);
    await s3.send(new PutObjectCommand({ Bucket, Key: objectKey, Body: 'see gateway/' }));
  }
}

const assetsIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.assets.json'))
    .flatMap((name) => {
      const { files } = Assets.parse(JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')));
      return Object.values(files).flatMap(({ destinations }) => Object.values(destinations));
    });

import { ArnFormat, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { Key } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledged.ts';
import type { Config } from './config.ts';
import { evidenceBucket } from './evidence-store.ts';
import { evidenceKey, recordsKey, signingKey } from './keys.ts';
import { recordsKeyExport } from './names.ts';

/** Cordon's own account, as `Home` uses it at run time. */
export class HomeResources extends Construct {
  readonly stage: string;
  readonly recordsKey: Key;
  readonly evidenceKey: Key;
  readonly signingKey: Key;
  readonly cases: Table;
  readonly people: Topic;
  readonly evidence: Bucket;
  /** Events that no playbook could be started for, to be looked at by a person. */
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, config: Config) {
    super(scope, id);
    this.stage = config.stage;
    this.recordsKey = recordsKey(this);
    // Said outright and always: CloudFormation refuses to take back an export that is in use.
    new CfnOutput(this, 'RecordsKeyArn', {
      value: this.recordsKey.keyArn,
      exportName: recordsKeyExport(config.stage),
      description: "ARN of the key of Cordon's records",
    });
    this.evidenceKey = evidenceKey(this);
    this.signingKey = signingKey(this);
    this.cases = this.#caseTable();
    this.evidence = evidenceBucket(this, this.evidenceKey, config);
    this.people = new Topic(this, 'People', {
      displayName: 'Cordon',
      masterKey: this.recordsKey,
      enforceSSL: true,
    });
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: this.recordsKey,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    acknowledge(
      this.deadLetters,
      'AwsSolutions-SQS3',
      'It is the dead-letter queue of the rules, which are not of a kind that the check knows.',
    );
  }

  /** The name of each playbook's machine, by name and not by reference, which would go in circles. */
  machineArn(name: string): string {
    return Stack.of(this).formatArn({
      service: 'states',
      resource: 'stateMachine',
      resourceName: name,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }

  /** Cases stay; the locks alone carry a `ttl`, long after they have expired. */
  #caseTable(): Table {
    return new Table(this, 'Cases', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.recordsKey,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      timeToLiveAttribute: 'ttl',
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}

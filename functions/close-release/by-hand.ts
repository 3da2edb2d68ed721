import * as z from 'zod';

const list = z.array(z.string()).catch([]);
const word = z.string().catch('…');

/** Every member that some step's record has and a command names. */
const State = z.object({
  groups: list,
  instanceId: word,
  group: word,
  targetGroupArn: z.string().optional().catch(undefined),
  name: word,
  networkAclId: word,
  userName: word,
  roleName: word,
  policyName: word,
  policyArn: word,
  accessKeyId: word,
});
type State = z.infer<typeof State>;

/** What a person runs to take a change back, in the account and Region of the case. */
export function byHand(step: string, resource: string, state: object): string | undefined {
  return commands[step]?.(State.parse(state), resource);
}

const commands: Readonly<Record<string, (state: State, resource: string) => string | undefined>> = {
  'protect-instance': ({ instanceId }) =>
    `aws ec2 modify-instance-attribute --instance-id ${instanceId} --no-disable-api-termination; the same with --no-disable-api-stop, as the case recorded it`,
  'detach-from-auto-scaling': ({ instanceId, group }) =>
    `aws autoscaling attach-instances --instance-ids ${instanceId} --auto-scaling-group-name ${group}`,
  'isolate-instance': ({ groups }, resource) =>
    resource.startsWith('eni-')
      ? `aws ec2 modify-network-interface-attribute --network-interface-id ${resource} --groups ${groups.join(' ')}`
      : `aws ec2 describe-security-group-rules --filters Name=group-id,Values=${resource}, and compare with the case`,
  'deregister-from-load-balancers': ({ targetGroupArn, name, instanceId }) =>
    targetGroupArn
      ? `aws elbv2 register-targets --target-group-arn ${targetGroupArn} --targets Id=ID,Port=PORT`
      : `aws elb register-instances-with-load-balancer --load-balancer-name ${name} --instances ${instanceId}`,
  'deny-remote-addresses': ({ networkAclId }) =>
    `aws ec2 delete-network-acl-entry --network-acl-id ${networkAclId} --rule-number N --ingress; the same with --egress`,
  'deactivate-access-key': ({ userName, accessKeyId }) =>
    `aws iam update-access-key --user-name ${userName} --access-key-id ${accessKeyId} --status Active`,
  'quarantine-user': ({ userName, policyArn }) =>
    `aws iam detach-user-policy --user-name ${userName} --policy-arn ${policyArn}`,
  'revoke-user-sessions': ({ userName, policyName }) =>
    `aws iam delete-user-policy --user-name ${userName} --policy-name ${policyName}`,
  'revoke-role-sessions': ({ roleName, policyName }) =>
    `aws iam delete-role-policy --role-name ${roleName} --policy-name ${policyName}`,
};

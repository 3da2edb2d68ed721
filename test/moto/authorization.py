"""How moto, told to check (`moto-api/reset-auth`), judges a request by its caller's policies.

moto checks signatures, and the action of the request. Of most requests it does not know the resource,
and takes `*` for it, which no statement about anything narrower allows. So here a request's resources
are found by the ids and names in it, for the actions that AWS checks resources of:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html

Where none is found, the action alone decides, and no Deny is taken to apply. Conditions are not
looked at: an Allow counts as if its condition held, a Deny as if it did not. Session policies are
not known to moto at all. The tests' own key, and the interpreter's, are asked for nothing.
"""

import json
import re
from urllib.parse import parse_qsl

from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.exceptions import JsonRESTError
from moto.iam.access_control import IAMPolicy, IAMRequestBase

OWN_KEYS = ("Credential=AKIAMOTOMOTOMOTOMOTO/", "Credential=ak/")

EC2_IDS = {
    "i": "instance",
    "eni": "network-interface",
    "sg": "security-group",
    "vol": "volume",
    "acl": "network-acl",
    "vpc": "vpc",
    "snap": "snapshot",
}
EC2_MAKES = {
    "CreateSecurityGroup": "security-group",
    "CreateVolume": "volume",
    "CreateSnapshot": "snapshot",
    "CreateSnapshots": "snapshot",
}
# The only ones that AWS checks resources of, among those that describe something.
EC2_DESCRIBES = ("DescribeInstanceAttribute", "GetConsoleOutput", "GetConsoleScreenshot")


def resources_of(service, action, region, account, said):
    """The ARNs of what a request is about; none where it is not known."""
    values = list(said.values())
    if service == "ec2":
        if action.startswith(("Describe", "Get")) and action not in EC2_DESCRIBES:
            return []
        found = [ec2_arn(region, account, EC2_IDS[m[1]], v) for v in values if (m := ec2_id(v))]
        if action in EC2_MAKES:
            found.append(ec2_arn(region, account, EC2_MAKES[action], "new"))
        return found
    return [arn for arn in NAMED.get(service, lambda *_: [])(action, region, account, said) if arn]


def ec2_id(value):
    return re.fullmatch(r"(i|eni|sg|vol|acl|vpc|snap)-[0-9a-f]+", str(value))


def ec2_arn(region, account, kind, id):
    # Snapshots are of no account in an ARN.
    return f"arn:aws:ec2:{region}:{'' if kind == 'snapshot' else account}:{kind}/{id}"


def iam(action, _region, account, said):
    if action in ("GetPolicy", "GetPolicyVersion"):
        return [said.get("PolicyArn")]
    if action == "GetAccessKeyLastUsed":
        return [f"arn:aws:iam::{account}:user/of-the-key"]
    return [
        f"arn:aws:iam::{account}:{kind}/{said[name]}"
        for name, kind in (("UserName", "user"), ("RoleName", "role"), ("GroupName", "group"))
        if name in said
    ]


def auto_scaling(action, region, account, said):
    if action.startswith("Describe"):
        return []
    name = said.get("AutoScalingGroupName")
    return [f"arn:aws:autoscaling:{region}:{account}:autoScalingGroup:id:autoScalingGroupName/{name}"]


def load_balancing(action, region, account, said):
    if action.startswith("Describe"):
        return []
    name = said.get("LoadBalancerName")
    return [
        said.get("TargetGroupArn"),
        name and f"arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/{name}",
    ]


def dynamodb(_action, region, account, said):
    table = f"arn:aws:dynamodb:{region}:{account}:table/"
    return [table + value for path, value in said.items() if path.split(".")[-1] == "TableName"]


def sns(_action, _region, _account, said):
    return [said.get("TopicArn")]


def states(_action, _region, _account, said):
    return [said.get("stateMachineArn") or said.get("executionArn")]


def ssm(action, region, account, said):
    document = f"arn:aws:ssm:{region}:{account}:document/"
    if action == "GetDocument":
        return [document + said.get("Name", "")]
    if action != "SendCommand":
        return []
    instances = [v for path, v in said.items() if path.startswith("InstanceIds.")]
    return [
        document + said.get("DocumentName", ""),
        *(ec2_arn(region, account, "instance", each) for each in instances),
    ]


def logs(action, region, account, said):
    if action != "StartQuery":
        return []
    names = [v for path, v in said.items() if path.split(".")[0] in ("logGroupName", "logGroupNames")]
    return [f"arn:aws:logs:{region}:{account}:log-group:{name}" for name in names]


def kms(_action, region, account, said):
    key = said.get("KeyId", "")
    return [key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{key}"]


def secrets(_action, region, account, said):
    name = said.get("SecretId") or said.get("Name")
    if not name or name.startswith("arn:"):
        return [name]
    return [f"arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf"]


NAMED = {
    "iam": iam,
    "autoscaling": auto_scaling,
    "elasticloadbalancing": load_balancing,
    "dynamodb": dynamodb,
    "sns": sns,
    "states": states,
    "ssm": ssm,
    "logs": logs,
    "kms": kms,
    "secretsmanager": secrets,
}


def said_by(request):
    """What a request says, one value to a path: its form, or its JSON."""
    body = request._body or b""
    text = body.decode() if isinstance(body, bytes) else body
    if text.startswith("{"):
        return dict(paths_in(json.loads(text)))
    return dict(parse_qsl(text))


def paths_in(value, path=""):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from paths_in(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from paths_in(inner, f"{path}.{n}")
    else:
        yield path, str(value)


def check_action_permitted(request, resource):
    service, action = request._action.split(":", 1)
    if request._action == "sts:GetCallerIdentity":
        return
    # moto knows S3's objects and the role to assume.
    known = [] if resource in ("*", "arn:aws:s3:::*") else [resource]
    account, region = request.account_id, request._region
    arns = known or resources_of(service, action, region, account, said_by(request))
    policies = [document_of(policy) for policy in request._access_key.collect_policies()]
    for asked in actions_of(request._action, said_by(request)):
        for arn in arns or [None]:
            if not permits(policies, asked, arn):
                deny(request, asked)


def document_of(policy):
    # What CloudFormation puts into a role is kept as it stands in the template.
    if isinstance(policy, dict) and "Statement" in policy:
        return policy
    return IAMPolicy(policy)._policy_json


def actions_of(action, said):
    """The permissions that a request takes, where they are not called as the request is."""
    if action == "dynamodb:TransactWriteItems":
        parts = {path.split(".")[2] for path in said if path.startswith("TransactItems.")}
        return [f"dynamodb:{TRANSACTED[part]}" for part in sorted(parts)]
    return ["s3:GetObject" if action == "s3:HeadObject" else action]


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
TRANSACTED = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}


def deny(request, action):
    # moto answers every service in XML.
    if "X-Amz-Target" in request._headers:
        raise JsonRESTError("AccessDeniedException", f"{request._access_key.arn} may not {action}")
    request._raise_access_denied()


def permits(policies, action, arn):
    statements = [each for policy in policies for each in listed(policy["Statement"])]
    about = [each for each in statements if any(like(a, action) for a in listed(each["Action"]))]
    allowed = [e for e in about if e["Effect"] == "Allow" and concerns(e, arn)]
    denied = [
        e
        for e in about
        if e["Effect"] == "Deny" and arn is not None and "Condition" not in e and concerns(e, arn)
    ]
    return bool(allowed) and not denied


def concerns(statement, arn):
    return arn is None or any(like(pattern, arn) for pattern in listed(statement["Resource"]))


def listed(value):
    return value if isinstance(value, list) else [value]


def like(pattern, value):
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value) is not None


known_check = ActionAuthenticatorMixin._authenticate_and_authorize_action


def authenticate_and_authorize(response, iam_request_cls, resource="*"):
    if any(key in response.headers.get("Authorization", "") for key in OWN_KEYS):
        return
    known_check(response, iam_request_cls, resource)


ActionAuthenticatorMixin._authenticate_and_authorize_action = authenticate_and_authorize
IAMRequestBase.check_action_permitted = check_action_permitted

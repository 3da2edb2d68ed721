"""What the steps ask for and moto lacks or does otherwise. None of it is independent of Cordon, and
`docs/unproved.md` says so.

* SSM agents, as a test puts them: moto has none.
* CloudTrail's event history, as a test puts it: moto keeps none.
* A filter of network interfaces.
* IAM's service-specific credentials, of which nobody has any, and policies that leave out their
  version, which AWS takes for the older one.
  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
* Signatures of digests, which moto would hash once more.
* The kind and the use of a key that CloudFormation makes, which moto's passes over.
* The substitutions of a state machine's definition, which moto's CloudFormation passes over.
* A path into a list, `$[0].outcome`, is one value: moto answers a list of it (its issue 7825), and
  Step Functions only does so where a path may match several.
  https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
* An instance that is taken out of a classic load balancer is out of it, also when it is there as a
  member of an Auto Scaling group: moto keeps the two apart.
  https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_DeregisterInstancesFromLoadBalancer.html
* Accounts: whose key a caller has is the account a call is for. By itself moto takes every call for
  the one that `MOTO_ACCOUNT_ID` names, or every unknown key for one of its own number.
* Time: the interpreter of state machines waits and retries `FASTER` times as fast as it is told.
  The definitions stay as they are deployed.

* What moto works out anew for every call is kept: a path that it has parsed, and its own modules' names.

`POST /additions` takes `{"agents": […], "events": […]}`, `/additions/forget` empties the services that
it is given a list of, `/additions/empty-tables` those of DynamoDB. `/additions/unknown-types` says which
types of CloudFormation's moto lacks, and `/additions/implemented` which calls it answers of its own.
`moto-api/reset` empties all.
"""

import ast
import importlib
import inspect
import json
import os
import textwrap
import time
from functools import lru_cache
from types import SimpleNamespace

import authorization  # noqa: F401 — it changes how moto judges callers
import jsonpath_ng.ext
from botocore import xform_name
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto import backends
from moto.backends import get_backend
from moto.cloudformation.parsing import resource_class_from_type
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.elb.models import ELBBackend
from moto.core.responses import ActionResult, BaseResponse
from moto.iam.models import iam_backends
from moto.iam.policy_validation import IAMPolicyDocumentValidator
from moto.iam.responses import IamResponse
from moto.kms.models import Key, kms_backends
from moto.kms.utils import ECDSAPrivateKey
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.asl.component.common.path import result_path
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (
    WaitFunction,
)
from moto.stepfunctions.parser.asl.utils import json_path

FASTER = 10_000

put = {"agents": [], "events": []}


def answer(environ, start_response):
    """Answers what is added here, and None where moto is to answer."""
    path = environ["PATH_INFO"]
    if path == "/moto-api/reset":
        put.update(agents=[], events=[])
        return None
    if path == "/additions":
        put.update(body_of(environ))
        return reply(start_response, {})
    if path == "/additions/unknown-types":
        return reply(start_response, [t for t in body_of(environ) if not resource_class_from_type(t)])
    if path == "/additions/implemented":
        return reply(start_response, [call for call in body_of(environ) if is_implemented(call)])
    if path == "/additions/forget":
        return reply(start_response, forget(body_of(environ)))
    if path == "/additions/empty-tables":
        return reply(start_response, empty_tables())
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target == "AmazonSSM.DescribeInstanceInformation":
        return reply(start_response, {"InstanceInformationList": agents(body_of(environ))})
    if target.endswith("CloudTrail_20131101.LookupEvents"):
        return reply(start_response, {"Events": events(environ, body_of(environ))})
    return None


def forget(services):
    for service in services:
        for regions in list(get_backend(service).values()):
            for backend in list(regions.values()):
                backend.reset()
    return services


def is_implemented(call):
    """Whether a response of moto's has a method for a call that does more than say it has none."""
    service, operation = call.split(":")
    method = xform_name(operation)
    modules = {"elasticloadbalancing": ["elb", "elbv2"]}.get(service, [service])
    responses = [importlib.import_module(f"moto.{module}.responses") for module in modules]
    found = [
        getattr(known, method)
        for response in responses
        for known in vars(response).values()
        if isinstance(known, type) and issubclass(known, BaseResponse) and hasattr(known, method)
    ]
    return any(each.__module__.startswith("moto.") and not is_stub(each) for each in found)


def is_stub(method):
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(method))).body
    return isinstance(definition.body[-1], ast.Raise) and all(
        isinstance(statement, (ast.Expr, ast.Raise)) for statement in definition.body
    )


def empty_tables():
    for regions in list(get_backend("dynamodb").values()):
        for backend in list(regions.values()):
            for table in backend.tables.values():
                table.items.clear()
    return {}


def agents(asked):
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html"""
    wanted = [
        value
        for each in asked.get("Filters", [])
        if each["Key"] == "InstanceIds"
        for value in each["Values"]
    ]
    return [agent for agent in put["agents"] if not wanted or agent["InstanceId"] in wanted]


# What of an event each attribute looks at.
# https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupAttribute.html
ATTRIBUTES = {"AccessKeyId": "AccessKeyId", "Username": "Username", "EventName": "EventName"}


def events(environ, asked):
    """The events of the Region that was asked, newest first."""
    region = environ["HTTP_AUTHORIZATION"].split("/")[2]
    found = [event for event in put["events"] if json.loads(event["CloudTrailEvent"])["awsRegion"] == region]
    for each in asked.get("LookupAttributes", []):
        key = each["AttributeKey"]
        if key == "ResourceName":
            found = [
                event
                for event in found
                if any(r["ResourceName"] == each["AttributeValue"] for r in event.get("Resources", []))
            ]
        else:
            found = [event for event in found if event.get(ATTRIBUTES[key]) == each["AttributeValue"]]
    first, last = asked.get("StartTime", 0), asked.get("EndTime", float("inf"))
    found = [event for event in found if first <= event["EventTime"] <= last]
    return sorted(found, key=lambda event: -event["EventTime"])


def body_of(environ):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return json.loads(environ["wsgi.input"].read(length) or b"{}")


def reply(start_response, value):
    start_response("200 OK", [("Content-Type", "application/x-amz-json-1.1")])
    return [json.dumps(value).encode()]


def list_service_specific_credentials(_response):
    return ActionResult({"ServiceSpecificCredentials": []})


known_validate_version = IAMPolicyDocumentValidator._validate_version


def validate_version(validator):
    if "Version" in validator._policy_json:
        known_validate_version(validator)


known_filter_value = NetworkInterface.get_filter_value


def filter_value(interface, name, *rest):
    if name == "association.public-ip":
        return interface.public_ip
    return known_filter_value(interface, name, *rest)


def sign_digest(key, digest, _signing_algorithm):
    return key.private_key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))


def create_key(_cls, _name, cloudformation_json, account_id, region_name, **_more):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html"""
    properties = cloudformation_json["Properties"]
    return kms_backends[account_id][region_name].create_key(
        policy=properties["KeyPolicy"],
        key_usage=properties.get("KeyUsage", "ENCRYPT_DECRYPT"),
        key_spec=properties.get("KeySpec", "SYMMETRIC_DEFAULT"),
        description=properties.get("Description", ""),
        tags=properties.get("Tags", []),
    )


create_machine = StateMachine.create_from_cloudformation_json.__func__


def create_substituted(cls, resource_name, cloudformation_json, *rest, **more):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html"""
    properties = cloudformation_json["Properties"]
    for name, value in properties.get("DefinitionSubstitutions", {}).items():
        properties["DefinitionString"] = properties["DefinitionString"].replace(
            "${%s}" % name, value
        )
    return create_machine(cls, resource_name, cloudformation_json, *rest, **more)


def wait(_function, env, wait_seconds):
    time.sleep(wait_seconds / FASTER)


known_deregister = ELBBackend.deregister_instances


def deregister(backend, load_balancer_name, instance_ids, from_autoscaling=False):
    instance_ids = set(instance_ids)
    if not from_autoscaling:
        known_deregister(backend, load_balancer_name, instance_ids, from_autoscaling=True)
    return known_deregister(backend, load_balancer_name, instance_ids, from_autoscaling)


def account_of_key(response):
    key = response.get_access_key()
    known = (account for account, iam in list(iam_backends.items()) if key in iam["aws"].access_keys)
    return next(known, os.environ["MOTO_ACCOUNT_ID"])


modules = list(backends.list_of_moto_modules())
backends.list_of_moto_modules = lambda: modules
for parsing in (jsonpath_ng.ext, json_path, result_path):
    parsing.parse = lru_cache(maxsize=None)(parsing.parse)
BaseResponse.get_current_account = account_of_key
ELBBackend.deregister_instances = deregister
NetworkInterface.get_filter_value = filter_value
ECDSAPrivateKey.sign = sign_digest
IAMPolicyDocumentValidator._validate_version = validate_version
IamResponse.list_service_specific_credentials = list_service_specific_credentials
# Nothing is an instance of it. `lint-workflow.ts` refuses the paths that may match several.
json_path.Index = ()
Key.create_from_cloudformation_json = classmethod(create_key)
StateMachine.create_from_cloudformation_json = classmethod(create_substituted)
WaitFunction._wait_interval = wait
retrier_decl.time = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / FASTER))

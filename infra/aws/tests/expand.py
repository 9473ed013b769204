"""The SAM template as CloudFormation sees it: transformed by SAM's own translator, then resolved for
a choice of parameters. What is known only when a stack is made (an ARN, an address) stays as it is."""

import logging
import os
import re

# The translator asks for a region, and nothing else of AWS.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samcli.yamlhelper import yaml_parse  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402

PSEUDO = {
    "AWS::StackName": "logmill",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
}

# It would tell of metrics that nobody reads.
logging.getLogger("samtranslator").setLevel(logging.ERROR)


class NoPolicies:
    """SAM's managed policies; the template uses none."""

    def load(self):
        return {}


def translate(text):
    """The template without SAM's part of it. Parameters are left open."""
    template = yaml_parse(text)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # As `sam deploy` replaces it.
            resource["Properties"]["CodeUri"] = "s3://artifacts/code.zip"
    return transform(template, {}, NoPolicies())


def resolve(template, given):
    """The resources of a stack with these parameters."""
    return Resolver(template, given).resources()


class Resolver:
    def __init__(self, template, given):
        self.template = template
        known = template["Parameters"]
        unknown = set(given) - set(known)
        if unknown:
            raise ValueError(f"the template has no parameter {', '.join(sorted(unknown))}")
        self.values = dict(PSEUDO)
        for name, parameter in known.items():
            value = given.get(name, parameter.get("Default"))
            if parameter["Type"] == "CommaDelimitedList":
                value = [part.strip() for part in str(value).split(",")]
            self.values[name] = value

    def resources(self):
        found = {}
        for name, resource in self.template["Resources"].items():
            if "Condition" not in resource or self.condition(resource["Condition"]):
                found[name] = self.value(resource)
        return found

    def condition(self, name):
        return self.test(self.template["Conditions"][name])

    def test(self, rule):
        ((kind, arguments),) = rule.items()
        if kind == "Condition":
            return self.condition(arguments)
        if kind == "Fn::Equals":
            one, other = (str(self.value(argument)) for argument in arguments)
            return one == other
        tests = {"Fn::Not": lambda all_: not next(all_), "Fn::And": all, "Fn::Or": any}
        return tests[kind](self.test(argument) for argument in arguments)

    def value(self, node):
        if isinstance(node, list):
            values = [self.value(part) for part in node]
            return [value for value in values if value is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((kind, argument),) = node.items()
            intrinsic = INTRINSICS.get(kind)
            if intrinsic:
                return intrinsic(self, argument)
        values = {name: self.value(part) for name, part in node.items()}
        return {name: value for name, value in values.items() if value is not NOTHING}

    def ref(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        return self.values.get(name, {"Ref": name})

    def if_(self, arguments):
        name, yes, no = arguments
        return self.value(yes if self.condition(name) else no)

    def sub(self, text):
        def known(match):
            value = self.values.get(match.group(1))
            return match.group(0) if value is None else str(value)

        return re.sub(r"\$\{([A-Za-z:]+)\}", known, text)

    def find_in_map(self, arguments):
        name, first, second = (self.value(argument) for argument in arguments)
        return self.template["Mappings"][name][str(first)][second]

    def select(self, arguments):
        index, values = arguments
        return self.value(values)[int(index)]

    def split(self, arguments):
        by, text = (self.value(argument) for argument in arguments)
        return text.split(by)

    def join(self, arguments):
        by, parts = arguments
        return by.join(str(part) for part in self.value(parts))


NOTHING = object()
INTRINSICS = {
    "Ref": Resolver.ref,
    "Fn::If": Resolver.if_,
    "Fn::Sub": Resolver.sub,
    "Fn::FindInMap": Resolver.find_in_map,
    "Fn::Select": Resolver.select,
    "Fn::Split": Resolver.split,
    "Fn::Join": Resolver.join,
}

"""Read `template.yaml` as CloudFormation would: parameters, conditions, SAM's Globals and intrinsic functions.

What this reader does not know is an error, never silently left out: else local and deployed could drift.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

REGION: Final = "eu-central-1"
ACCOUNT: Final = "123456789012"

_PSEUDO: Final[Mapping[str, str]] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "reminder-sync-local",
    "AWS::URLSuffix": "amazonaws.com",
}
_SECTIONS: Final = {
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",  # they check parameters of a deployment
    "Transform",
}
_NO_VALUE: Final = object()
_SHORT_FORMS: Final = {"Equals", "GetAtt", "If", "Not", "Sub"}


class TemplateError(Exception):
    """The template says something that the local stack does not understand, or that is wrong."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (`!Ref x` is `{"Ref": "x"}`)."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise TemplateError(f"!{suffix} with a mapping is not known here ({node.start_mark})")
    if suffix in {"Ref", "Condition"}:
        return {suffix: value}
    if suffix not in _SHORT_FORMS:
        raise TemplateError(f"!{suffix} is not known here ({node.start_mark})")
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource, its condition held, Globals merged in; intrinsics in `properties` are not resolved yet."""

    name: str
    type: str
    properties: Mapping[str, Any]


@dataclass(slots=True)
class Template:
    """A template with values for its parameters. `attributes` is filled as resources are created.

    Its keys are (logical name, attribute); the attribute `Ref` is what `Ref` gives.
    """

    resources: Mapping[str, Resource]
    parameters: Mapping[str, str]
    conditions: Mapping[str, Any] = field(default_factory=dict)
    attributes: dict[tuple[str, str], str] = field(default_factory=dict)

    def of_type(self, *types: str) -> Iterator[Resource]:
        """Resources of these types, in the template's order."""
        return (resource for resource in self.resources.values() if resource.type in types)

    def properties(self, resource: Resource) -> dict[str, Any]:
        """The properties of a resource with every intrinsic resolved. Raises TemplateError."""
        resolved: dict[str, Any] = self.resolve(resource.properties)
        return resolved

    def resolve(self, value: Any) -> Any:  # noqa: ANN401 - a template's value has any shape
        """Resolve intrinsics, however deep. Raises TemplateError."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            if name in ("Ref", "Condition") or str(name).startswith("Fn::"):
                return self._intrinsic(name, argument)
        return {key: item for key, raw in value.items() if (item := self.resolve(raw)) is not _NO_VALUE}

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template holds."""
        if condition not in self.conditions:
            raise TemplateError(f"no condition {condition!r}")
        return bool(self.resolve(self.conditions[condition]))

    def _intrinsic(self, name: str, argument: Any) -> Any:  # noqa: ANN401 - see resolve
        match name:
            case "Ref":
                return self._ref(argument)
            case "Fn::GetAtt":
                return self._attribute(*argument)
            case "Fn::Sub":
                return self._substitute(argument)
            case "Fn::If":
                condition, then, otherwise = argument
                return self.resolve(then if self.holds(condition) else otherwise)
            case "Condition":
                return self.holds(argument)
            case "Fn::Equals":
                left, right = self.resolve(argument)
                return str(left) == str(right)
            case "Fn::Not":
                return not self.resolve(argument)[0]
            case _:
                raise TemplateError(f"{name} is not known here")

    def _ref(self, name: str) -> Any:  # noqa: ANN401 - AWS::NoValue is no string
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        return self._attribute(name, "Ref")

    def _attribute(self, name: str, attribute: str) -> str:
        try:
            return self.attributes[name, attribute]
        except KeyError:
            raise TemplateError(f"{name}.{attribute} is not known here, or not yet") from None

    def _substitute(self, text: Any) -> str:  # noqa: ANN401 - a string, or an error
        if not isinstance(text, str):
            raise TemplateError("Fn::Sub with a map of its own is not known here")

        def replace(found: re.Match[str]) -> str:
            name, _, attribute = found[1].partition(".")
            return str(self._attribute(name, attribute) if attribute else self._ref(name))

        return re.sub(r"\$\{([A-Za-z0-9:.]+)\}", replace, text)


def parameters_of(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """The parameters that a template declares, by name. Raises TemplateError."""
    declared: Mapping[str, Mapping[str, Any]] = _document(path).get("Parameters", {})
    return declared


def _document(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader with CloudFormation's tags
    return document


def load(path: Path, values: Mapping[str, str]) -> Template:
    """Load a template with these parameter values; defaults fill the rest. Raises TemplateError."""
    document = _document(path)
    if unread := set(document) - _SECTIONS:
        raise TemplateError(f"sections that are not known here: {', '.join(sorted(unread))}")
    declared: Mapping[str, Any] = document.get("Parameters", {})
    if unknown := set(values) - set(declared):
        raise TemplateError(f"no such parameters: {', '.join(sorted(unknown))}")
    parameters = {name: values.get(name, spec.get("Default")) for name, spec in declared.items()}
    if missing := [name for name, value in parameters.items() if value is None]:
        raise TemplateError(f"parameters without a value: {', '.join(missing)}")
    template = Template(
        resources={},
        parameters={name: str(value) for name, value in parameters.items()},
        conditions=document.get("Conditions", {}),
    )
    sections = _globals(document)
    template.resources = {
        name: Resource(name, spec["Type"], _merged(sections.get(spec["Type"], {}), spec.get("Properties", {})))
        for name, spec in document["Resources"].items()
        if "Condition" not in spec or template.holds(spec["Condition"])
    }
    return template


def _globals(document: Mapping[str, Any]) -> Mapping[str, Any]:
    sections = dict(document.get("Globals", {}))
    function = sections.pop("Function", {})
    if sections:
        raise TemplateError(f"Globals that are not known here: {', '.join(sections)}")
    return {"AWS::Serverless::Function": function}


def _merged(general: Any, special: Any) -> Any:  # noqa: ANN401 - a template's value has any shape
    """SAM's rule for Globals: maps merge, lists are joined, anything else is replaced."""
    if isinstance(general, dict) and isinstance(special, dict):
        extra = {key: _merged(general[key], value) if key in general else value for key, value in special.items()}
        return {**general, **extra}
    if isinstance(general, list) and isinstance(special, list):
        return [*general, *special]
    return special

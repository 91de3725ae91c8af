"""The reader of templates: what it resolves, and that it refuses what it does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.patterns import Pattern
from infra.local.template import Template, TemplateError, load

TEXT = """
Parameters:
  Stage: {Type: String, Default: ""}
  Name: {Type: String}
Conditions:
  Staged: !Not [!Equals [!Ref Stage, ""]]
Globals:
  Function:
    Timeout: 7
    Environment: {Variables: {BOTH: general, GENERAL: "yes"}}
Resources:
  One:
    Type: AWS::Serverless::Function
    Properties:
      Handler: !Sub "${Name}.${AWS::Region}.${Two.Arn}"
      Where: !If [Staged, !Ref Stage, here]
      Gone: !Ref AWS::NoValue
      Items: [!Ref AWS::NoValue, !GetAtt Two.Arn]
      Environment: {Variables: {BOTH: special}}
  Two: {Type: AWS::SQS::Queue}
  Three: {Type: AWS::SQS::Queue, Condition: Staged}
"""


def read(tmp_path: Path, text: str = TEXT, **values: str) -> Template:
    """Load a template; the queue Two has an ARN."""
    file = tmp_path / "template.yaml"
    file.write_text(text)
    template = load(file, {"Name": "me", **values})
    template.attributes["Two", "Arn"] = "arn:two"
    return template


def test_intrinsics_and_globals_are_resolved(tmp_path: Path) -> None:
    """The host sees what CloudFormation would make of it."""
    template = read(tmp_path)
    assert template.properties(template.resources["One"]) == {
        "Timeout": 7,
        "Handler": "me.eu-central-1.arn:two",
        "Where": "here",
        "Items": ["arn:two"],
        "Environment": {"Variables": {"BOTH": "special", "GENERAL": "yes"}},
    }


def test_conditions_decide_about_resources(tmp_path: Path) -> None:
    """An optional resource exists only where its condition holds."""
    assert "Three" not in read(tmp_path).resources
    assert "Three" in read(tmp_path, Stage="test").resources


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("      Odd: !Split [',', a]\n", "!Split is not known here"),
        ("      Odd: {'Fn::Split': [',', a]}\n", "Fn::Split is not known here"),
        ("      Odd: !Ref Nobody\n", "Nobody.Ref is not known here"),
        ("      Odd: !GetAtt Two.Colour\n", "Two.Colour is not known here"),
        ("      Odd: !If [Unheard, a, b]\n", "no condition 'Unheard'"),
    ],
)
def test_what_is_not_known_is_an_error(tmp_path: Path, line: str, told: str) -> None:
    """Ignored silently, local and deployed would drift."""
    text = TEXT.replace("      Gone:", f"{line}      Gone:")
    with pytest.raises(TemplateError, match=told):
        _ = (template := read(tmp_path, text)).properties(template.resources["One"])


def test_parameters_must_be_declared_and_given(tmp_path: Path) -> None:
    """A misspelt parameter must not fall back to its default."""
    with pytest.raises(TemplateError, match="no such parameters: Stagee"):
        read(tmp_path, Stagee="x")
    with pytest.raises(TemplateError, match="without a value: Name"):
        load(tmp_path / "template.yaml", {})
    (tmp_path / "template.yaml").write_text("Mappings: {}\n" + TEXT)
    with pytest.raises(TemplateError, match="Mappings"):
        load(tmp_path / "template.yaml", {"Name": "me"})


@pytest.mark.parametrize(
    ("image", "matches"),
    [
        ({"rings": {"BOOL": True}}, True),
        ({"rings": {"BOOL": False}}, False),
        ({"rings": {"N": "1"}}, False),
        ({"rings": {"BOOL": 1}}, False),
        ({}, False),
        (None, False),
    ],
)
def test_a_pattern_takes_exact_values_only(image: object, matches: bool) -> None:  # noqa: FBT001 - one column of the table
    """A bell that rings for everything wakes push by its own writes (O1)."""
    pattern = Pattern({"dynamodb": {"NewImage": {"rings": {"BOOL": [True]}}}})
    assert pattern.matches({"dynamodb": {"NewImage": image}}) is matches


def test_a_pattern_with_operators_is_refused() -> None:
    """What is not understood must not match nothing for ever."""
    with pytest.raises(TemplateError, match="not known here"):
        Pattern({"dynamodb": {"NewImage": {"rings": [{"exists": True}]}}})

"""What is read out of a template, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.sample_stack import SAMPLE

from infra.local import wiring
from infra.local.deploy import Endpoints, deploy
from infra.local.template import Template, TemplateError, load

PARAMETERS = {"Issuer": "http://issuer.example"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("Type: HttpApi\n", "Type: Api\n"), "event type Api is not known"),
        (
            lambda text: text.replace("ReservedConcurrentExecutions: 1", "EphemeralStorage: {}"),
            "EphemeralStorage not known",
        ),
        (lambda text: text.replace("BatchSize: 20", "FilterCriteria: {}"), "FilterCriteria not known"),
        (lambda text: text.replace("Authorizer: NONE", "Authorizer: Typo"), "no authorizer 'Typo'"),
        (lambda text: text.replace("BillingMode: PAY_PER_REQUEST", "TableClass: X"), "TableClass not known"),
        (lambda text: text.replace("VisibilityTimeout: 2", "DelaySeconds: 2"), "DelaySeconds not known"),
        (lambda text: text + "  Bus: {Type: AWS::SNS::Topic}\n", "AWS::SNS::Topic is not known"),
    ],
)
def test_what_the_host_does_not_know_stops_the_start(
    aws: Endpoints, tmp_path: Path, change: Callable[[str], str], told: str
) -> None:
    """An event type or property that is silently ignored would make local and deployed drift."""
    file = tmp_path / "template.yaml"
    before = (SAMPLE / "template.yaml").read_text()
    file.write_text(change(before))
    assert file.read_text() != before
    template = load(file, PARAMETERS)
    with pytest.raises(TemplateError, match=told):
        _start(template, aws)


def test_a_table_of_another_shape_in_the_data_folder_is_refused(aws: Endpoints, tmp_path: Path) -> None:
    """A kept table with other keys would fail in the middle of a run."""
    deploy(load(SAMPLE / "template.yaml", PARAMETERS), aws, {"Key": "x"})
    file = tmp_path / "template.yaml"
    file.write_text((SAMPLE / "template.yaml").read_text().replace("AttributeName: id", "AttributeName: name"))
    with pytest.raises(TemplateError, match="with other keys"):
        deploy(load(file, PARAMETERS), aws, {"Key": "x"})


def _start(template: Template, aws: Endpoints) -> None:
    deploy(template, aws, {"Key": "x"})
    wiring.read(template, SAMPLE)

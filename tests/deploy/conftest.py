"""The template, deployed once for all tests of this folder that need it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator

import pytest
from cloud import Cloud, Created, formed, made_locally

from infra import sam


@pytest.fixture(scope="session")
def cloudformation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cloud, Created]]:
    """The stack in moto's CloudFormation. Without the SAM CLI, which transforms the template, it is a loud skip, in CI an error."""
    try:
        sam.run("sam", "--version")
    except sam.SamFailed as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"the SAM CLI cannot be had here: {reason}")
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "Tried to parse .* not supported by moto"
        )  # cloud.UNSUPPORTED says which and why
        with formed(tmp_path_factory.mktemp("formed")) as both:
            yield both


@pytest.fixture(scope="session")
def local(dynamodb: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The same functions over what the local stack creates."""
    with made_locally(tmp_path_factory.mktemp("local"), dynamodb) as cloud:
        yield cloud

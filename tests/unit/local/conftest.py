"""A sample template, deployed into an emulated AWS that lives in this process, and a host that runs it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from fakes.sample_stack import SAMPLE, SampleStack
from moto.backends import get_backend
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from infra.local.aws import application
from infra.local.deploy import Endpoints, deploy
from infra.local.template import Template, load


@pytest.fixture(scope="session")
def aws() -> Iterator[Endpoints]:
    """Everything from moto, tables included."""
    server = make_server("127.0.0.1", 0, application(), threaded=True, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    yield Endpoints(address, address)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def sample(aws: Endpoints) -> Iterator[Template]:
    """The sample template, its resources just created."""
    template = load(SAMPLE / "template.yaml", {"Issuer": "http://issuer.example"})
    deploy(template, aws, {"Key": "very secret"})
    yield template
    for service in ("dynamodb", "dynamodbstreams", "sqs", "secretsmanager"):
        get_backend(service).reset()


@pytest.fixture(scope="module")
def stack(aws: Endpoints, sample: Template, tmp_path_factory: pytest.TempPathFactory) -> SampleStack:
    """The sample where it runs, without a host."""
    return SampleStack(aws, sample, tmp_path_factory.mktemp("host"))

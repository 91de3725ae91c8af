"""Turn a SAM template into plain CloudFormation, as AWS does at a deploy. Runs in the SAM CLI's environment: `infra/sam.py`.

`python transform.py TEMPLATE S3-ADDRESS PARAMETERS`: the code's address as s3://bucket/key, the parameters as a JSON object.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from samtranslator.public.translator import ManagedPolicyLoader  # type: ignore[import-not-found]  # not where types are checked
from samtranslator.translator.transform import transform  # type: ignore[import-not-found]  # same
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-not-found]  # same


class NoManagedPolicies(ManagedPolicyLoader):  # type: ignore[misc]  # same
    """Our roles are our own: a template that names a policy of AWS's is refused by what is missing here."""

    def __init__(self) -> None:
        self._policy_map: dict[str, str] = {}

    def load(self) -> dict[str, str]:
        """Give no policy at all, and ask AWS for none."""
        return self._policy_map


def main(template: str, code: str, parameters: str) -> None:
    """Print the plain template as JSON."""
    document = yaml_parse(Path(template).read_text(encoding="utf-8"))
    document["Globals"]["Function"]["CodeUri"] = code  # as `sam deploy` has it, after the upload
    json.dump(transform(document, json.loads(parameters), NoManagedPolicies()), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])

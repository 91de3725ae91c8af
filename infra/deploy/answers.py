"""What was answered once and is not asked again: one JSON file per stack, without a secret in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from infra.local.template import parameters_of

ROOT: Final = Path(__file__).resolve().parents[2]
NOT_YET: Final = "not-yet"
"""SignInAudience until the app for signing in exists: a token for it does not, so nobody is let in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What is known about one deployment. Empty text is what was not answered yet, or what is optional and not wanted.

    `certificate` is PEM; its private key is in Secrets Manager alone. `more` are further parameters of the template, by name.
    `kept` are physical ids of what a destroyed stack left behind, by logical name.
    """

    stack: str
    region: str
    salesforce_url: str = ""
    organization_id: str = ""
    username: str = ""
    contact: str = ""
    sandbox: bool = False
    integration_key: str = ""
    sign_in_key: str = ""
    certificate: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def audience(self) -> str:
        """Whom our assertions are for."""
        return "https://test.salesforce.com" if self.sandbox else "https://login.salesforce.com"

    def told(self, given: Mapping[str, str], *, sandbox: bool | None) -> Answers:
        """Take what was given by name; what is empty leaves what is known."""
        known = asdict(self) | {name: value for name, value in given.items() if value}
        return Answers(**known | ({} if sandbox is None else {"sandbox": sandbox}))

    def parameters(self) -> dict[str, str]:
        """The template's parameters."""
        return {
            **self.more,
            "SalesforceUrl": self.salesforce_url,
            "OrganizationId": self.organization_id,
            "SignInAudience": self.sign_in_key or NOT_YET,
        }


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the files of the deployments are."""

    path: Path

    def load(self, stack: str, region: str) -> Answers:
        """Give what is known. Raises ValueError if the stack is known in another region, or the file cannot be used."""
        file = self._file(stack)
        if not file.exists():
            return Answers(stack=stack, region=region)
        known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        answers = Answers(**{each.name: known[each.name] for each in fields(Answers) if each.name in known})
        if region and region != answers.region:
            raise ValueError(
                f"{stack} is known in {answers.region}, not in {region}; give another --stack for a second one"
            )
        return answers

    def save(self, answers: Answers) -> None:
        """Keep what is known, whole or not at all."""
        self.path.mkdir(parents=True, exist_ok=True)
        fresh = self._file(answers.stack).with_suffix(".new")
        fresh.write_text(json.dumps(asdict(answers), indent=1) + "\n", encoding="utf-8")
        fresh.replace(self._file(answers.stack))

    def write(self, answers: Answers, name: str, text: str) -> Path:
        """Write a file for whoever deploys the Salesforce side; gives where it is."""
        file = self.path / f"{answers.stack}-{name}"
        file.write_text(text, encoding="utf-8")
        return file

    def forget(self, answers: Answers) -> None:
        """Delete all files of a deployment."""
        for file in (self._file(answers.stack), *self.path.glob(f"{answers.stack}-*")):
            file.unlink(missing_ok=True)

    def _file(self, stack: str) -> Path:
        return self.path / f"{stack}.json"


def release(built: Path, parameters: Mapping[str, str]) -> str:
    """Hash what is deployed: every file that was built, and the parameters.

    SAM names a published version after this. Of the function's own properties it sees references to parameters only, not their values,
    so a changed parameter alone would leave the alias on a version that has the old one.
    """
    found = sha256(json.dumps(parameters, sort_keys=True).encode())
    for file in sorted(each for each in built.rglob("*") if each.is_file()):
        found.update(f"\0{file.relative_to(built).as_posix()}\0".encode())
        found.update(file.read_bytes())
    return found.hexdigest()


@cache
def declared() -> Mapping[str, Mapping[str, Any]]:
    """The template's parameters."""
    return parameters_of(ROOT / "template.yaml")


def fault(parameter: str, value: str) -> str | None:
    """Tell what is wrong with a parameter's value, as CloudFormation would, before it does."""
    spec = declared().get(parameter)
    if spec is None:
        return f"{parameter} is no parameter of the template; there are {', '.join(declared())}"
    allowed = [str(each) for each in spec.get("AllowedValues", ())]
    if allowed and value not in allowed:
        return f"{parameter} must be one of {', '.join(allowed)}"
    if "AllowedPattern" in spec and not re.fullmatch(spec["AllowedPattern"], value):
        return f"{value!r} is no {parameter}: {spec['Description']}"
    return None


def with_more(answers: Answers, given: list[str]) -> Answers:
    """Take further parameters (`Name=value`). Raises ValueError."""
    more = dict(answers.more)
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise ValueError(f"{each!r} is not Name=value")
        if wrong := fault(name, value):
            raise ValueError(wrong)
        more[name] = value
    return replace(answers, more=more)

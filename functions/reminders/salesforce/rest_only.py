"""simple-salesforce without its client of the Metadata API, which it imports whether one uses it or not.

That one loads zeep and lxml: more than half of what the whole library costs a cold start, and of what it weighs. In its place stands a
module of the same name until the library is loaded. Whoever does ask for it (`Salesforce.mdapi`) gets the real one, if zeep is there.
"""

# ruff: noqa: E402 - the library is loaded when the other module is in place

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any, Final

_NAME: Final = "simple_salesforce.metadata"


class _Unloaded(ModuleType):
    """Stands for the module while the library imports it."""

    @staticmethod
    def SfdcMetadataApi(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401, N802 - the name and arguments of what it stands for
        """Load the real one now."""
        return importlib.import_module(_NAME).SfdcMetadataApi(*args, **kwargs)


if _NAME not in sys.modules:
    _unloaded = sys.modules[_NAME] = _Unloaded(_NAME)
    import simple_salesforce.api  # noqa: F401 - loads it

    del sys.modules[_NAME]

from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError, SalesforceExpiredSession
from simple_salesforce.format import format_soql, quote_soql_value
from simple_salesforce.login import SalesforceLogin

__all__ = [
    "Salesforce",
    "SalesforceError",
    "SalesforceExpiredSession",
    "SalesforceLogin",
    "format_soql",
    "quote_soql_value",
]

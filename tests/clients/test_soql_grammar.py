"""The grammar of SOQL, judged by npm's soql-parser: what we speak is SOQL, and what is none we do not speak either."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from clients.conftest import World, node
from unit.org.soql_oracle import Asker, Drawing

from infra.local.org.errors import Refused
from infra.local.org.soql import parse

IDS = {"Id": ["00TQH00000000H12AI"], "WhoId": ["00QQH00000000G92AI"], "OwnerId": ["005QH00000000G9YAI"]}
FAULTS = (
    ("FROM", ""),
    ("SELECT", "SELECT ,"),
    (" AND ", " "),
    (" OR ", " OR OR "),
    ("(", ""),
    ("'", ""),
    ("WHERE", "WHERE WHERE"),
    ("LIMIT", "LIMITS"),
    ("IN (", "IN "),
    ("null", "null null"),
)


@pytest.mark.timeout(300)
def test_the_grammar(world: World, node_modules: Path, tmp_path: Path) -> None:
    """Every drawn query is SOQL to both parsers, and one with a fault in it that the other refuses is refused here, too."""
    rng = random.Random(11)
    drawing = Drawing(rng, Asker(IDS["OwnerId"][0], 0, None), 1_795_000_000, IDS)
    good = [drawing.query().soql for _ in range(600)]
    bad = [re.sub(re.escape(old), new, text, count=1) for text in good for old, new in FAULTS if old in text]
    file = tmp_path / "queries.json"
    file.write_text(json.dumps([*good, *bad]), encoding="utf-8")
    valid = node("judge.js", node_modules, world.environment, str(file))["valid"]
    assert isinstance(valid, list)
    assert [text for text, known in zip(good, valid, strict=False) if not known] == []
    refused = [text for text, known in zip(bad, valid[len(good) :], strict=True) if not known]
    assert len(refused) > 500
    assert [text for text in refused if spoken(text)] == []
    assert all(spoken(text) for text in good)


def spoken(text: str) -> bool:
    """Whether the org's grammar takes it."""
    try:
        parse(text)
    except Refused:
        return False
    return True

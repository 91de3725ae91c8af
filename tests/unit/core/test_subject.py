"""F1: the subject template."""

from __future__ import annotations

import pytest
from factories import some_values

from reminders.core.reminder import NO_SUBJECT, Type
from reminders.core.subject import DYNAMIC_FIELDS, UnknownField, check, inputs, render


def test_the_default_template_is_the_name() -> None:
    """F1: the default renders the activity's subject and nothing else."""
    assert render("{{activity_subject}}", inputs(some_values(name="Call Ada"))) == "Call Ada"


def test_every_dynamic_field_renders_whatever_its_case() -> None:
    """F1: seven dynamic fields, named case-insensitively."""
    values = some_values(
        name="n",
        type=Type.CALL,
        campaign_name="c",
        campaign_day="2",
        campaign_step="3",
        call_outcome="o",
        call_reason="r",
    )
    template = "|".join(f"{{{{ {name.upper()} }}}}" for name in DYNAMIC_FIELDS)
    assert render(template, inputs(values)) == "Call|n|c|2|3|o|r"


def test_a_field_without_a_value_is_nothing() -> None:
    """F1: no placeholder and no word "None" may reach Salesforce."""
    assert render("[{{sales_campaign_name}}] {{activity_subject}}", inputs(some_values(name="Call"))) == "[] Call"


def test_line_breaks_are_removed() -> None:
    """F1: Subject is a single line."""
    assert render("a\r\nb\u2028{{activity_subject}}", {"activity_subject": "x\ny"}) == "abxy"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("x" * 300, "x" * 255), ("x" * 254 + "😀", "x" * 254), ("😀" * 127 + "y", "😀" * 127 + "y")],
    ids=["plain", "never half an emoji", "exactly full"],
)
def test_the_result_is_cut_at_255(name: str, expected: str) -> None:
    """F1: a longer Subject would be refused by Salesforce; half a character would be garbage."""
    assert render("{{activity_subject}}", {"activity_subject": name}) == expected


def test_no_subject_is_never_sent() -> None:
    """F1: the stand-in name must not become a real Subject."""
    assert render("{{activity_subject}}", inputs(some_values(name=NO_SUBJECT))) == ""


def test_an_unknown_dynamic_field_is_refused_and_the_known_ones_are_named() -> None:
    """F1, S6: a typo in the template must be seen by the administrator, not by customers."""
    with pytest.raises(UnknownField, match=r"acitvity_subject; the template can use: .*activity_subject"):
        check("{{acitvity_subject}}")
    check("plain {{Activity_Subject}}")

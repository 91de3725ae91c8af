"""Cut a style sheet down to the rules that a page can use: those all of whose classes it names, and the variables they need."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

_CLASS: Final = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
_COMMENT: Final = re.compile(r"/\*(?!!).*?\*/|/\*! @css-var-fallback.*?\*/", re.DOTALL)
_DECLARED: Final = re.compile(r"(--[\w-]+)\s*:[^;{}]*;?")
_NAMED: Final = re.compile(r"var\(\s*(--[\w-]+)")
_NESTING: Final = ("@media", "@supports", "@layer")


def purge(styles: str, used: Collection[str]) -> str:
    """Give the style sheet without the rules that name a class outside `used`, without fonts, and without unused variables."""
    kept = "\n".join(_kept(_COMMENT.sub("", styles), used))
    while (fewer := _needed(kept)) != kept:  # a variable may be needed by another one only
        kept = fewer
    return re.sub(r"[^{}]*\{\s*\}\n?", "", kept).strip() + "\n"


def _needed(styles: str) -> str:
    needed = set(_NAMED.findall(styles))
    fewer = _DECLARED.sub(lambda found: found[0] if found[1] in needed else "", styles)
    return re.sub(r"\n\s*\n+", "\n", fewer)


def _kept(styles: str, used: Collection[str]) -> Iterator[str]:
    for head, body in _blocks(styles):
        if body is None:
            if head.startswith("@layer"):
                yield f"{head};"
        elif head.startswith(_NESTING):
            inner = "\n".join(_kept(body, used))
            if inner:
                yield f"{head} {{\n{inner}\n}}"
        elif head.startswith("@"):
            name = head.partition(" ")[2].strip()
            if "keyframes" in head and any(name.lower().startswith(item) for item in ("slds", "dots")):
                yield f"{head} {{{body}}}"
        else:
            selectors = [one for one in _split(head) if _usable(one, used)]
            if selectors:
                yield f"{','.join(selectors)} {{{body}}}"


def _usable(selector: str, used: Collection[str]) -> bool:
    """Whether every class that it names is used. Selectors for another framework's components are of no use to us."""
    without_not = re.sub(r":not\([^)]*\)", "", selector)
    if "kx-" in selector or "::slotted" in selector:
        return False
    classes = _CLASS.findall(without_not)
    return all(name in used for name in classes)


def _split(head: str) -> list[str]:
    """Split a list of selectors at its commas, but not at those within parentheses."""
    parts, depth, start = [], 0, 0
    for position, sign in enumerate(head):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append(head[start:position].strip())
            start = position + 1
    return [*parts, head[start:].strip()]


def _blocks(styles: str) -> Iterator[tuple[str, str | None]]:
    """Give each rule as head and body, and each statement without a block as head and None."""
    start = 0
    while (found := re.search(r"[{;]", styles[start:])) is not None:
        at = start + found.start()
        head = styles[start:at].strip()
        if styles[at] == ";":
            yield head, None
            start = at + 1
            continue
        depth, end = 1, at + 1
        while depth:
            depth += (styles[end] == "{") - (styles[end] == "}")
            end += 1
        yield head, styles[at + 1 : end - 1]
        start = end

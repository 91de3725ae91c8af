"""Books of who changed what on which side, and the reckoning: whether both sides are equal and every edit is accounted for.

Pure: the load writes edits down, the end reads both sides into pairs, `complaints` holds the one against the other.

An edit is accounted for when its value stands on both sides, when a later edit of the same field replaced it, or when the reminder's
history keeps it as `lost`. Of a deleted pair it may also stand on the other side only (it had arrived), or be deleted by its own side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

DISTINCT: Final = frozenset({"name", "due", "details"})
"""Fields whose every edit writes a value of its own. The others have so few values that an edit can be undone by the next one before
the other side has seen it; a merge against the agreement cannot, and need not, tell that from no edit (M1)."""

QUIET_SECONDS: Final = 600.0
"""How long the other side must have left such a field alone, before an edit of it, for that edit to be held to account alone."""

BACK_SECONDS: Final = 60.0
"""So soon an edit must be taken back, for nobody to be able to say that it should have gone out in between."""

FIELDS: Final = ("assignee", "name", "status", "priority", "due", "details", "person")

Values = Mapping[str, str | None]


class Side(StrEnum):
    """Where an edit was made."""

    HERE = "here"
    THERE = "there"


class Result(StrEnum):
    """What became of a request. UNKNOWN: its answer was lost; it may or may not have happened."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One field of one request. `key` is the id that the side knows: reminder or task. Times are seconds since 1970.

    A delete is an edit of the field "deleted", a create one of every field that it gave.
    """

    side: Side
    key: str
    field: str
    value: str | None
    began: float
    ended: float
    result: Result = Result.ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """A task as it is: statuses and priorities in the reminder's words, foreign ones as they are."""

    id: str
    values: Values
    deleted: bool
    importable: bool
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """A reminder as it is. `lost` are the values that its history keeps, by field; `imported` is when, in seconds since 1970."""

    id: str
    task_id: str | None
    state: str
    values: Values
    deleted: bool
    agreed: bool
    imported: float | None = None
    lost: Mapping[str, Collection[str | None]] = field(default_factory=dict)


@dataclass
class Books:
    """Every edit made, in the order in which their answers came."""

    edits: list[Edit] = field(default_factory=list)

    def note(self, *edits: Edit) -> None:
        """Write edits down. Safe from several threads: a list's `extend` is one step."""
        self.edits.extend(edits)

    def count(self) -> Counter[tuple[str, str]]:
        """Edits by side and result."""
        return Counter((edit.side.value, edit.result.value) for edit in self.edits)


def complaints(books: Books, reminders: Sequence[Here], tasks: Sequence[There]) -> list[str]:
    """Say in words everything that is wrong. Empty: both sides are equal and every edit is accounted for."""
    made: dict[tuple[Side, str], list[Edit]] = {}
    for edit in books.edits:
        if edit.result is not Result.REFUSED:
            made.setdefault((edit.side, edit.key), []).append(edit)
    by_id = {task.id: task for task in tasks}
    wrong = list(_doubled(reminders, tasks))
    for reminder in reminders:
        task = by_id.get(reminder.task_id or "")
        mine = made.get((Side.HERE, reminder.id), []) + made.get((Side.THERE, reminder.task_id or ""), [])
        wrong += [f"{reminder.id} / {reminder.task_id}: {what}" for what in _pair(reminder, task, mine)]
    known = {reminder.id for reminder in reminders}
    linked = {reminder.task_id for reminder in reminders}
    for (side, key), edits in made.items():
        accepted = [edit for edit in edits if edit.result is Result.ACCEPTED]
        if side is Side.HERE and accepted and key not in known:
            wrong.append(f"{key}: a reminder that was created here is nowhere")
        if side is Side.THERE and key not in linked and key in by_id and by_id[key].importable:
            wrong.append(f"{key}: an open task of somebody who syncs was changed, and was not imported (S4)")
    return wrong


def _doubled(reminders: Sequence[Here], tasks: Sequence[There]) -> Iterator[str]:
    for task_id, count in Counter(reminder.task_id for reminder in reminders if reminder.task_id).items():
        if count > 1:
            yield f"{task_id}: {count} reminders for one task"
    for external_id, count in Counter(task.external_id for task in tasks if task.external_id).items():
        if count > 1:
            yield f"{external_id}: {count} tasks with one external id"
    alive = [task.external_id for task in tasks if task.external_id and not task.deleted]
    for reminder_id, count in Counter(external_id.rpartition("-")[0] for external_id in alive).items():
        if count > 1:
            yield f"{reminder_id}: {count} living tasks for one reminder"
    linked = {reminder.id: reminder.task_id for reminder in reminders}
    for task in tasks:
        owner = (task.external_id or "").rpartition("-")[0]
        if owner in linked and not task.deleted and linked[owner] != task.id:
            yield f"{owner}: its task {task.id} lives, and is not the one linked ({linked[owner]})"


def _pair(reminder: Here, task: There | None, edits: list[Edit]) -> Iterator[str]:
    deletes = [edit for edit in edits if edit.field == "deleted"]
    gone = reminder.deleted, task is None or task.deleted
    if gone[0] != gone[1]:
        yield f"deleted here: {gone[0]}, in Salesforce: {gone[1]}"
        return
    if any(gone) and not deletes:
        yield "deleted on both sides, and nobody deleted it"
    if not any(gone) and any(edit.result is Result.ACCEPTED for edit in deletes):
        yield "deleted by somebody, and it lives (M4)"
    if reminder.deleted and not reminder.agreed:
        yield "deleted on both sides, and not agreed"
    if not reminder.deleted and reminder.state != "synced":
        yield f"not at rest: {reminder.state}"
    if not reminder.deleted and task:
        yield from _differences(reminder, task, edits)
    for edit in edits:
        if edit.result is Result.ACCEPTED and edit.field in FIELDS and not _accounted(edit, reminder, task, edits):
            yield f"an edit {edit.side} of {edit.field} to {edit.value!r} is nowhere (ended at {edit.ended:.1f} s)"


def _differences(reminder: Here, task: There, edits: list[Edit]) -> Iterator[str]:
    for name in FIELDS:
        here, there = reminder.values[name], task.values[name]
        if here == there or (name in {"status", "priority"} and foreign(name, there)):
            continue
        if name == "name" and _subject_stands(there, edits):
            continue
        yield f"{name} is {here!r} here and {there!r} in Salesforce"


def foreign(name: str, value: str | None) -> bool:
    """Whether a task's value does not sync with the default mappings (F2, F3); `value` is in the reminder's words."""
    return value not in {"status": {"Open", "Complete"}, "priority": {"Normal", "High"}}[name]


def _subject_stands(subject: str | None, edits: list[Edit]) -> bool:
    """F1: a Subject edited there stays until the name changes here after it."""
    there = [edit for edit in edits if edit.side is Side.THERE and edit.field == "name"]
    here = [edit for edit in edits if edit.side is Side.HERE and edit.field == "name"]
    writers = [edit for edit in there if edit.value == subject]
    if not writers:
        return False
    last = writers[-1]
    return not any(
        edit.result is Result.ACCEPTED and edit.began > last.ended for edit in (*there, *here) if edit is not last
    )


def _accounted(edit: Edit, reminder: Here, task: There | None, edits: list[Edit]) -> bool:
    name = edit.field
    stands = [side.values[name] for side in (reminder, task) if side]
    if edit.value in reminder.lost.get(name, ()):
        return True
    if name == "name":
        stands = [reminder.values[name]] if edit.side is Side.HERE else stands[1:]  # F1: there it has a life of its own
    if task and _changed_back(edit, reminder, task, edits):
        return True
    if reminder.deleted:
        other = reminder if edit.side is Side.THERE else task
        if other and other.values[name] == edit.value and name != "name":
            return True
        if name == "name" and edit.value in stands:
            return True
        if name in {"status", "priority"} and foreign(name, edit.value) and task and task.values[name] == edit.value:
            return True  # F2, F3: it never arrives here, so its own side is where it stands
    else:
        alone = name in {"status", "priority"} and foreign(name, edit.value)
        if any(value == edit.value for value in stands) if alone else all(value == edit.value for value in stands):
            return True
    found = {*stands, *reminder.lost.get(name, ())}
    # F1: a Subject is never taken, but by the import; from then on it is a name here, which may be edited.
    own = name == "name" and not (reminder.imported and edit.began <= reminder.imported + 1)
    return _replaced(edit, found, edits, own=own) or _could_be_none(edit, edits)


def _changed_back(edit: Edit, reminder: Here, task: There, edits: list[Edit]) -> bool:
    """F2, F3: changed here and changed back before it went out is no change of ours, so what does not sync stays in Salesforce."""
    name = edit.field
    if edit.side is Side.THERE or name not in {"status", "priority"} or not foreign(name, task.values[name]):
        return False
    before = (
        other
        for other in edits
        if other.side is Side.HERE and other.field == name and other.value != edit.value and other.ended <= edit.began
    )
    return reminder.values[name] == edit.value and any(edit.began - other.ended < BACK_SECONDS for other in before)


def _replaced(edit: Edit, found: Collection[str | None], edits: list[Edit], *, own: bool) -> bool:
    """Whether a later edit took its place: of the same field (`own`: on the same side), or the delete by its own side."""
    for later in edits:
        if later is edit or later.ended < edit.ended:
            continue
        if later.field == "deleted" and later.side is edit.side:
            return True
        if later.field != edit.field or (own and later.side is not edit.side):
            continue
        if later.result is Result.ACCEPTED or later.value in found:
            return True
    return False


def _could_be_none(edit: Edit, edits: list[Edit]) -> bool:
    """Whether a merge may have seen no edit at all: see DISTINCT."""
    if edit.field in DISTINCT and edit.value is not None:
        return False
    others = (other for other in edits if other.side is not edit.side and other.field == edit.field)
    return any(edit.began - QUIET_SECONDS < other.ended for other in others)

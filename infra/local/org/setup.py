"""Setting an org up: users, queues, permission sets, picklists. No rules, no transactions; nobody is told."""

from __future__ import annotations

from infra.local.org import schema
from infra.local.org.records import Transaction
from infra.local.org.schema import Row
from infra.local.org.state import API_ENABLED, MODIFY_ALL, SEND_MESSAGES, VIEW_ALL, State, User

ADMIN_SET = "Reminder_Sync_Admin"


class Setup:
    """What an administrator does in Setup, and what the platform does when an org is made."""

    def __init__(self, state: State) -> None:
        self.state = state

    def add_user(
        self,
        username: str,
        name: str,
        *,
        permissions: frozenset[str] = frozenset(),
        role: str = "user",
        zone: str = "UTC",
    ) -> User:
        """Add a user; everybody may use the API and fires outbound messages, unless they hold `NoOutboundMessages`."""
        admin = role == "admin"
        held = permissions | {API_ENABLED} | ({SEND_MESSAGES} if role != "integration" else set())
        if admin:
            held |= {VIEW_ALL, MODIFY_ALL}
        user = User(
            id=self.state.mint.new("005"),
            username=username,
            name=name,
            permissions=held,
            time_zone=zone,
            admin=admin,
            role=role,
        )
        self.state.users[user.id] = user
        first, _, last = name.rpartition(" ")
        self.put(
            "User",
            user.id,
            Username=username,
            FirstName=first,
            LastName=last,
            Email=username,
            IsActive=True,
            TimeZoneSidKey=zone,
            LanguageLocaleKey="en_US",
            LocaleSidKey="en_US",
            UserType="Standard",
            Alias=username.partition("@")[0][:8],
            CommunityNickname=username.partition("@")[0],
            ProfileId=self.state.profile_id,
            **self._born(user.id),
        )
        self.put("UserPermissionAccess", self.state.mint.new("0Pp"), UserId=user.id)
        if admin:
            self.assign(user.id, ADMIN_SET)
        return user

    def deactivate(self, user_id: str) -> None:
        """Make a user inactive: cannot sign in, cannot be given tasks; keeps those they own."""
        self._set_active(user_id, active=False)

    def reactivate(self, user_id: str) -> None:
        """Make a user active again."""
        self._set_active(user_id, active=True)

    def _set_active(self, user_id: str, *, active: bool) -> None:
        self.state.user(user_id).active = active
        row = self.state.store.tables["User"][user_id]
        self.put("User", user_id, **{**row, "IsActive": active})

    def speak(self, user_id: str, language: str) -> None:
        """Set a user's language, by Salesforce's code for it. Raises KeyError if there is no such user."""
        row = self.state.store.tables["User"][user_id]
        self.put("User", user_id, **{**row, "LanguageLocaleKey": language})

    def add_queue(self, name: str, members: set[str]) -> str:
        """Add a queue for tasks; gives its id (`00G…`)."""
        key = self.state.mint.new("00G")
        self.put("Group", key, Name=name, DeveloperName=name.replace(" ", "_"), Type="Queue")
        self.state.queues[key] = set(members)
        return key

    def restrict(self, user_id: str, field: str, *, readable: bool = True, editable: bool = False) -> None:
        """Set a user's field permission: a field that is not readable does not exist for the user. Of every object alike."""
        user = self.state.user(user_id)
        held = user.permissions - {schema.HIDDEN + field, schema.FIXED + field}
        if not readable:
            held |= {schema.HIDDEN + field}
        if not editable:
            held |= {schema.FIXED + field}
        user.permissions = held
        self.state.described = self.state.second()

    def assign(self, user_id: str, permission_set: str) -> None:
        """Give a user a permission set, made on first use."""
        sets = self.state.store.tables["PermissionSet"]
        key = next((key for key, row in sets.items() if row["Name"] == permission_set), None)
        if key is None:
            key = self.state.mint.new("0PS")
            self.put("PermissionSet", key, Name=permission_set, Label=permission_set.replace("_", " "))
        self.put("PermissionSetAssignment", self.state.mint.new("0Pa"), AssigneeId=user_id, PermissionSetId=key)

    def withdraw(self, user_id: str, permission_set: str) -> None:
        """Take a permission set away from a user."""
        tables = self.state.store.tables
        assigned = tables["PermissionSetAssignment"]
        for key, row in list(assigned.items()):
            held = tables["PermissionSet"][str(row["PermissionSetId"])]["Name"]
            if (row["AssigneeId"], held) == (user_id, permission_set):
                self.state.store.remove("PermissionSetAssignment", key)

    def set_statuses(self, statuses: tuple[tuple[str, bool], ...]) -> None:
        """Replace the values of Status: (name, closed); the first open one is the default."""
        default = next(name for name, closed in statuses if not closed)
        self.state.closed = dict(statuses)
        self.state.default_status = default
        self._picklist("TaskStatus", "01J", "IsClosed", statuses, default)

    def set_priorities(self, priorities: tuple[tuple[str, bool], ...], default: str = "Normal") -> None:
        """Replace the values of Priority: (name, high)."""
        self.state.high = dict(priorities)
        self.state.default_priority = default
        self._picklist("TaskPriority", "01K", "IsHighPriority", priorities, default)

    def _picklist(
        self, sobject: str, prefix: str, flag: str, values: tuple[tuple[str, bool], ...], default: str
    ) -> None:
        self.state.described = self.state.second()
        self.state.store.tables[sobject].clear()
        for order, (name, marked) in enumerate(values, start=1):
            facts: Row = {
                "MasterLabel": name,
                "ApiName": name,
                "SortOrder": order,
                flag: marked,
                "IsDefault": name == default,
            }
            self.put(sobject, self.state.mint.new(prefix), **facts)

    def _born(self, user_id: str) -> Row:
        second = self.state.second()
        stamps = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), second)
        return {**stamps, "CreatedById": user_id, "LastModifiedById": user_id}

    def put(self, sobject: str, key: str, **values: schema.Value) -> None:
        """Put a set-up record in place: no rules, no transaction, nobody is told."""
        row: Row = {"IsDeleted": False, **values, "Id": key}
        self.state.store.put(Transaction(self.state.second()), sobject, row)

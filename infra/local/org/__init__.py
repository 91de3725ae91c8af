"""The emulated Salesforce org: a program of its own that speaks Salesforce's wire protocol, as far as tasks are concerned.

**Alone**, on this machine only: `make org` (`ARGS="--help"` lists the options), or `python -m infra.local.org --port 8100`. With
`--proxy-port` unmodified programs take it for Salesforce: `HTTPS_PROXY` and the certificate authority's file are all they need
(`front.py`); `/connect` is a page that says how, with the credentials. `/` is a page to work on tasks as one of the sample users, `/scenes` one to switch rules, locks, limits
and faults on, `/calls` counts what was asked, `/messages` is the delivery status. `/__control/…` is what no real org offers: `control.py` and
`scenes.py` list it. `--state file` keeps the org over a restart (`snapshot.py` says what is kept).

**In process**, for tests and the simulation:

    org = make_org(now=clock, rng=random.Random(1))            # world.py: integration user, picklists, one registered app
    sample.fill(org, users=4, tasks=25)                        # sample.py: a sales team's day
    ann = org.add_user("ann@example.com", "Ann Lee")
    key = org.create_task(ann.id, Subject="Call")              # people act without HTTP; refusals are `errors.Refused`
    session.mount("https://", OrgAdapter(org, clock.sleep))    # adapter.py: every https host is this org
    org.faults.add("late", match="update Task", seconds=30)    # faults.py lists the kinds
    org.calls.by_resource["GET /sobjects/*/updated"]           # the call log; `org.calls.used(…)` the budget
    sender = Sender(org.state, Policy(), org.base)             # outbound.py: queues what people change …
    sender.run(deliver)                                        # … and posts what is due

One synchronous core, `Org.handle(Request) -> Response`, without sockets. Clock and random source are passed in, so equal seeds make
equal orgs; only signed tokens go by the machine's clock (`make_org(token_now=…)`), because the libraries that sign and check them do.

**The parts.** State: `ids`, `schema`, `objects` (which fields there are), `records` (versions, recycle bin, logs, late commits), `state`, `sessions`,
`calls`. Rules: `dml` and `values` (any object), `task_rules`, `recurrence`. SOQL: `soql` (text), `syntax` (what it says), `moments` (dates), `binding`
(names), `conditions`, `groups`, `query` (meaning). Wire: `wire`, `errors`, `render`, `markup` (XML), `resource`, `rows`, `many`, `composite`, `tree`, `loads`, `bulk2`, `bulk1`, `bulk1_words`,
`replication`, `queries`, `describe`, `rest`, `outbound`. Signing in: `apps`, `oauth`, `openid`, `passwords`, `soap`. Around it: `setup`, `world`, `adapter`,
`faults`, `sample`, `clock`, `control`, `scenes`, `snapshot`, `server`, `front`, `page/`.

**Not spoken**, and answered with Salesforce's errors: SOAP beyond signing in, search (SOSL), the Tooling, Metadata, UI and
Analytics APIs, objects other than those in `objects.py`. **Undocumented by Salesforce**, decided here: a null field compared with `!=` is unknown (`conditions.py`); the body
of a 412 (`rows.py`); a deleted task leaves `updated`, an undeleted one enters it and leaves `deleted`; a text's length is counted in
UTF-16 units, a line break as two; an external id that only a deleted task has is free.
"""

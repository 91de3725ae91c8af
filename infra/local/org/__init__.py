"""The emulated Salesforce org: a program of its own that speaks Salesforce's wire protocol, as far as tasks are concerned.

In process, for tests and the simulation:

    org = make_org(now=clock, rng=random.Random(1))          # infra.local.org.world: integration user, picklists, one app
    sample.fill(org)                                         # infra.local.org.sample: a sales team's day
    ann = org.add_user("ann@example.com", "Ann Lee")
    task_id = org.create_task(ann.id, Subject="Call")        # people act without HTTP; refusals are `errors.Refused`
    session.mount("https://", OrgAdapter(org))               # infra.local.org.adapter: every https host is this org
    org.faults.add("lost", match="POST .*/composite/sobjects")   # infra.local.org.faults
    org.calls.by_resource["GET /sobjects/*/updated"]         # the call log

One synchronous core, `Org.handle(Request) -> Response`, without sockets. The org's clock and random source are passed in; only
the clock of signed tokens is the machine's (`make_org(token_now=…)` changes it), because the libraries that make and check
them use that.
"""

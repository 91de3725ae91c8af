"""Reminder Sync: reminders here, tasks in Salesforce, kept in step.

`core` is pure: values and rules. `ports` says what the sync needs from the outside world, in our own words; `ledger`, `salesforce` and
`aws` give it. `sync` is the loop, `services` what people do and see, `api` how they ask for it. `runtime` builds the real world.
"""

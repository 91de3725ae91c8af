"""Reminder Sync: reminders here, tasks in Salesforce, kept in step.

The pure half (values and rules) imports the standard library only: `reminder`, `task`, `subject`, `mapping`, `settings`,
`edit`, `merge`, `push_plan`, `watermark`, `problems`. The shell (network, tables, wiring) stands on it: `ports`, `find`,
`sync`, `salesforce`, `tables`, `queue`, `runtime`.
"""

"""Reminder Sync: reminders here, tasks in Salesforce, kept in step.

The pure half (values and rules) imports the standard library and itself only: `reminder`, `task`, `subject`, `mapping`,
`settings`, `edit`, `lost_values`, `fields`, `decision`, `drift`, `gone`,
`first_meeting`, `holds`, `deletes`, `merge`, `pace`, `writes`, `valve`,
`push_plan`, `watermark`, `problems`, `remedies`, `budget`, `set_up_rules`. The shell (network, tables, wiring) stands on it: `ports`, `find`,
`inbox`, `outbox`, `gate`, `deferral`, `ration`, `salesforce`, `tables`, `hint_queue`, `outbound_message`, `api_app`, `runtime`.
"""

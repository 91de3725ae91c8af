"""dlt's own REST source on the query resource, incrementally into DuckDB. Runs in an environment of its own: address, token, since."""

import sys

import dlt
from dlt.sources.rest_api import rest_api_source

FIELDS = (
    "Id,OwnerId,CreatedDate,CreatedById,LastModifiedDate,SystemModstamp,Subject,Status,Priority,ActivityDate,Description,"
    "WhoId,TaskSubtype,Reminder_Id__c,IsClosed,IsDeleted,IsArchived,IsRecurrence,RecurrenceActivityId"
)

address, token, since = sys.argv[1:]
source = rest_api_source(
    {
        "client": {
            "base_url": f"{address}/services/data/v66.0/",
            "auth": {"type": "bearer", "token": token},
            "paginator": {"type": "json_link", "next_url_path": "nextRecordsUrl"},
        },
        "resources": [
            {
                "name": "task",
                "primary_key": "Id",
                "write_disposition": "merge",
                "endpoint": {
                    "path": "queryAll",
                    "params": {"q": f"SELECT {FIELDS} FROM Task WHERE SystemModstamp >= {since}"},
                    "data_selector": "records",
                },
            }
        ],
    }
)
pipeline = dlt.pipeline(
    "tasks", destination=dlt.destinations.duckdb("tasks.duckdb"), dataset_name="org", pipelines_dir="dlt"
)
pipeline.run(source)
print(pipeline.last_trace.last_normalize_info.row_counts["task"])

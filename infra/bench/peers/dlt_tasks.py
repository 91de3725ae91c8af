"""dlt's own REST source on the query resource, incrementally into DuckDB. Runs in an environment of its own: address, token, query."""

import sys

import dlt
from dlt.sources.rest_api import rest_api_source

address, token, query = sys.argv[1:]
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
                    "params": {"q": query},
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

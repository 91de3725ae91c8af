"""aio-sf's collections: the records of a file updated. Runs in an environment of its own: address, token, file; prints how many were."""

import asyncio
import json
import sys
from pathlib import Path

from aio_sf import SalesforceClient, StaticTokenAuth

address, token, file = sys.argv[1:]
records = json.loads(Path(file).read_text(encoding="utf-8"))


async def main() -> int:
    """Update them."""
    async with SalesforceClient(StaticTokenAuth(address, token), version="v66.0") as client:
        results = await client.collections.update(records, "Task", all_or_none=False)
        return sum(each["success"] for each in results)


print(asyncio.run(main()))

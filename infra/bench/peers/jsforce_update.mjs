// jsforce's collections: the records of a file updated. Runs beside its package: address, token, file; prints how many were.
import { readFileSync } from "node:fs";
import jsforce from "jsforce";

const [address, token, file] = process.argv.slice(2);
const connection = new jsforce.Connection({ instanceUrl: address, accessToken: token, version: "66.0" });
const records = JSON.parse(readFileSync(file, "utf-8"));
const results = await connection.sobject("Task").update(records, { allowRecursive: true, allOrNone: false });
console.log(results.filter((each) => each.success).length);

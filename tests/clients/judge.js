// Which of these queries (a JSON list in a file) are SOQL, by npm's parser? One line of JSON: {"valid": [true, …]}.
import { readFileSync } from "node:fs";
import { isQueryValid } from "@jetstreamapp/soql-parser-js";

const queries = JSON.parse(readFileSync(process.argv[2], "utf8"));
console.log(JSON.stringify({ valid: queries.map((each) => isQueryValid(each)) }));

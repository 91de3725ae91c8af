// SFDMU's own command without the Salesforce CLI around it, which would only hand it an address and a token; these stand in export.json.
const { dirname } = require("node:path");
const Run = require("sfdmu/lib/commands/sfdmu/run").default;

const root = dirname(require.resolve("sfdmu/package.json"));
Run.plugin = { root, name: "sfdmu" };
Run.run(process.argv.slice(2), root).then(
  () => process.exit(),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);

// jsforce as it comes. What it sees is written as one line of JSON; the Python test judges it.
import jsforce from "jsforce";

const facts = JSON.parse(process.argv[2]);
const seen = {};
const connection = new jsforce.Connection(); // login.salesforce.com, as every program of its kind
seen.signedIn = await connection.login(facts.username, facts.password);
seen.instance = connection.instanceUrl;
seen.identity = (await connection.identity()).username;
seen.serverTime = (await connection.soap.getServerTimestamp()).timestamp;

let page = await connection.query("SELECT Id, Owner.Name FROM Task", { headers: { "Sforce-Query-Options": "batchSize=200" } });
seen.total = page.totalSize;
seen.owner = page.records[0].Owner.Name;
const keys = page.records.map((each) => each.Id);
while (!page.done) {
  page = await connection.queryMore(page.nextRecordsUrl);
  keys.push(...page.records.map((each) => each.Id));
}
seen.paged = new Set(keys).size;

const task = connection.sobject("Task");
const made = await task.create({ Subject: "from jsforce", ActivityDate: "2026-12-01" });
await task.update({ Id: made.id, Subject: "changed", Status: "Completed" });
const read = await task.retrieve(made.id);
seen.read = [read.Subject, read.IsClosed];
const many = await task.create([{ Subject: "one" }, { Subject: "two" }, { Subject: "x".repeat(256) }]);
seen.many = many.map((each) => each.success);
const two = many.filter((each) => each.success).map((each) => each.id);
seen.updated = (await task.update(two.map((Id) => ({ Id, Subject: "both" })))).map((each) => each.success);
seen.together = (await task.update([{ Id: two[0], Subject: "no" }, { Id: two[1], Priority: null, Subject: "x".repeat(256) }], { allOrNone: true })).map((each) => each.errors[0].statusCode ?? each.errors[0].errorCode);
seen.found = (await task.find({ Subject: "both", IsClosed: false, CreatedDate: { $gte: jsforce.SfDate.TODAY } }, "Id, Subject, Who.Name").sort({ CreatedDate: -1 }).limit(5)).map((each) => [each.Subject, each.Who]);
seen.upserted = (await task.upsert([{ Reminder_Id__c: "js-1", Subject: "a" }, { Reminder_Id__c: "js-2", Subject: "b" }], "Reminder_Id__c")).map((each) => each.created);
seen.deleted = (await task.destroy(two)).map((each) => each.success);
seen.bin = (await connection.query(`SELECT Id FROM Task WHERE Id = '${two[0]}'`, { scanAll: true })).totalSize;

const described = await task.describe();
const field = (name) => described.fields.find((each) => each.name === name);
seen.described = [described.keyPrefix, field("Status").picklistValues.length, field("WhoId").referenceTo, field("Subject").length];
seen.objects = (await connection.describeGlobal()).sobjects.map((each) => each.name);
seen.limits = (await connection.limits()).DailyApiRequests.Max;
seen.refused = await connection.query("SELECT Nonsense FROM Task").catch((error) => error.errorCode);

const loaded = await connection.bulk2.loadAndWaitForResults({ object: "Task", operation: "insert", input: [{ Subject: "bulk js" }, { Subject: "x".repeat(256) }], pollInterval: 100 });
seen.loaded = [loaded.successfulResults.length, loaded.failedResults[0].sf__Error.split(":")[0], loaded.unprocessedRecords.length];
seen.bulk2 = (await (await connection.bulk2.query("SELECT Id, Owner.Name FROM Task WHERE Subject = 'bulk js'", { pollInterval: 100 })).toArray()).length;
connection.bulk.pollInterval = 100;
seen.bulk1 = (await connection.bulk.load("Task", "delete", [{ Id: loaded.successfulResults[0].sf__Id }])).map((each) => each.success);

const app = { clientId: facts.key, clientSecret: facts.secret };
const refreshing = new jsforce.Connection({ oauth2: app, instanceUrl: seen.instance, accessToken: "stale", refreshToken: facts.refresh });
seen.refreshed = (await refreshing.query("SELECT COUNT() FROM Task")).totalSize > 0;
const byPassword = new jsforce.Connection({ oauth2: app });
seen.byPassword = (await byPassword.login(facts.username, facts.password)).id === seen.signedIn.id;
const server = new jsforce.Connection({ instanceUrl: seen.instance, oauth2: { ...app, loginUrl: seen.instance } });
await server.authorize({ grant_type: "client_credentials" });
seen.byCredentials = (await server.query("SELECT Id FROM Task LIMIT 1")).records.length;
const token = server.accessToken;
await server.logout();
const stale = new jsforce.Connection({ instanceUrl: seen.instance, accessToken: token });
seen.loggedOut = await stale.query("SELECT Id FROM Task LIMIT 1").catch((error) => error.errorCode);

console.log(JSON.stringify(seen));

// A SOAP service made by npm's `soap` from the org's own WSDL. It says where it listens, and writes a line of JSON per message.
import http from "node:http";
import soap from "soap";

const wsdl = await (await fetch(process.argv[2])).text();
const server = http.createServer((_, response) => response.writeHead(404).end());
let refusals = Number(process.argv[3]);
const notifications = (message) => {
  const acknowledged = refusals-- <= 0;
  console.log(JSON.stringify({ organization: message.OrganizationId, acknowledged, notifications: [message.Notification].flat() }));
  return { Ack: acknowledged };
};
server.listen(0, "127.0.0.1", () => {
  soap.listen(server, "/hook", { NotificationService: { Notification: { notifications } } }, wsdl);
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}/hook` }));
});

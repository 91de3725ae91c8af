"""The Salesforce side, told with every value filled in: as a script that holds no secret, and in words what only a person can do."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from infra.deploy.answers import Answers

_DEPLOY = 'sf project deploy start --target-org "$org" --source-dir'


def salesforce_script(answers: Answers, outputs: Mapping[str, str], certificate: str) -> str:
    """Write the script that deploys the Salesforce side. `certificate` is the path of its file.

    The webhook's secret is read by the script when it runs, and handed to the Salesforce CLI in its environment only.
    """
    secret = (
        f"aws secretsmanager get-secret-value --region {shlex.quote(answers.region)} "
        f"--secret-id {shlex.quote(outputs['WebhookSecretId'])} --query SecretString --output text"
    )
    account = outputs["EventBusArn"].split(":")[4]
    return f"""#!/bin/sh
# The Salesforce side of {answers.stack}, for the Salesforce CLI (signed in as an administrator) and the AWS CLI.
# Run it in the repository: sh <this file> <alias of the org>. Running it again changes nothing.
set -eu
org="${{1:?give the alias of the org, as in: sf org list}}"
cd infra/salesforce

export REMINDER_SYNC_CONTACT={shlex.quote(answers.contact)}
export REMINDER_SYNC_CALLBACK={shlex.quote(outputs["CommandCenter"] + "auth/callback")}
export REMINDER_SYNC_INTEGRATION_USER={shlex.quote(answers.username)}
export REMINDER_SYNC_AWS={shlex.quote(f"arn:aws:{answers.region}:{account}")}
REMINDER_SYNC_CERTIFICATE="$(cat {shlex.quote(certificate)})"
REMINDER_SYNC_WEBHOOK={shlex.quote(outputs["Webhook"])}"$({secret} | cut -f 1 -d ' ')"
export REMINDER_SYNC_CERTIFICATE REMINDER_SYNC_WEBHOOK
export REMINDER_SYNC_INTEGRATION_SET=none REMINDER_SYNC_USER_SETS=none # known once they are deployed

{_DEPLOY} org
sf org assign permset --target-org "$org" --name Reminder_Sync_Integration --on-behalf-of {shlex.quote(answers.username)} ||
    echo "if it says that it is assigned already, all is well"

id_of() {{
    sf data query --target-org "$org" --result-format csv \\
        --query "SELECT Id FROM PermissionSet WHERE Name = '$1'" | sed -n 2p
}}
REMINDER_SYNC_INTEGRATION_SET="$(id_of Reminder_Sync_Integration)"
REMINDER_SYNC_USER_SETS="$(id_of Reminder_Sync_User),$(id_of Reminder_Sync_Admin)"

{_DEPLOY} apps
{_DEPLOY} webhook
"""  # noqa: S608 - a query for the CLI, of constants


def by_hand(answers: Answers, script: str) -> str:
    """Tell what only a person can do in Salesforce, in order."""
    return f"""In Salesforce:
 1. Have the integration user {answers.username}: a user of its own, with a profile without "Send Outbound Messages".
 2. In this repository, signed in with the Salesforce CLI as an administrator:  sh {script} <alias of the org>
 3. Setup, External Client App Manager: of Reminder_Sync_Integration and of Reminder_Sync_Sign_In, Settings, OAuth Settings:
    copy the consumer key of each. (A new app may take ten minutes until it signs anybody in.)
 4. Assign Reminder_Sync_Admin to at least one person, Reminder_Sync_User to everybody else who works in the Command Center."""


def removal(answers: Answers) -> str:
    """Tell how to take the Salesforce side away."""
    return f"""To take the Salesforce side away, in infra/salesforce and in this order (the CLI asks before it deletes):
 1. sf project delete source --target-org <alias> --source-dir webhook    # or messages go on for 24 hours to nobody
 2. sf project delete source --target-org <alias> --source-dir apps      # from then on the key opens nothing
 3. Take the permission sets from {answers.username} and everybody else, then
    sf project delete source --target-org <alias> --source-dir org        # deletes the ids on the tasks; the tasks stay
 4. Deactivate {answers.username}, if nothing else uses it."""

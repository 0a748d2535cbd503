# SPDX-License-Identifier: MIT
"""JMAP through the whole of webmail: calls that come at the same time."""
import threading
import unittest

from support import DOMAIN
from web import WebCase

USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]


class AtOnce(WebCase):
    def call(self, client, name, arguments):
        answer = client.call("POST", "/jmap/api", {
            "using": USING, "methodCalls": [[name, arguments, "0"]]})
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()["methodResponses"][0]

    def test_of_many_with_one_state_one_wins(self):
        clients = [self.client("alice") for _ in range(10)]
        session = clients[0].call("GET", "/.well-known/jmap").json()
        account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"]
        state = self.call(clients[0], "Mailbox/get", {
            "accountId": account, "ids": []})[1]["state"]
        answers = []

        def create(i):
            answers.append(self.call(clients[i], "Mailbox/set", {
                "accountId": account, "ifInState": state,
                "create": {"a": {"name": f"box {i}"}}}))

        threads = [threading.Thread(target=create, args=(i,))
                   for i in range(len(clients))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        self.assertEqual(len(answers), len(clients))
        names = sorted(answer[0] for answer in answers)
        self.assertEqual(names, ["Mailbox/set"] + ["error"] * 9)
        for name, arguments, _ in answers:
            if name == "error":
                self.assertEqual(arguments["type"], "stateMismatch")


class Day(WebCase):
    config = "[limits]\nmessages-per-day = 2\n"

    def send(self, client):
        """What EmailSubmission/set says of one message from alice to bob."""
        account = client.call("GET", "/.well-known/jmap").json()[
            "primaryAccounts"]["urn:ietf:params:jmap:mail"]
        using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail",
                 "urn:ietf:params:jmap:submission"]
        drafts, identities = (answer[1]["list"] for answer in client.call(
            "POST", "/jmap/api", {"using": using, "methodCalls": [
                ["Mailbox/get", {"accountId": account}, "m"],
                ["Identity/get", {"accountId": account}, "i"]]}).json()[
                    "methodResponses"])
        drafts = next(box["id"] for box in drafts if box["role"] == "drafts")
        answers = client.call("POST", "/jmap/api", {
            "using": using, "methodCalls": [
                ["Email/set", {"accountId": account, "create": {"d": {
                    "mailboxIds": {drafts: True},
                    "from": [{"email": f"alice@{DOMAIN}"}],
                    "to": [{"email": f"bob@{DOMAIN}"}],
                    "subject": "x"}}}, "d"],
                ["EmailSubmission/set", {"accountId": account, "create": {
                    "s": {"identityId": identities[0]["id"],
                          "emailId": "#d"}}}, "s"]]}).json()
        return answers["methodResponses"][-1][1]

    def test_has_an_end_and_the_reason_is_told(self):
        client = self.client("alice")
        for _ in range(2):
            self.assertIn("s", self.send(client)["created"])
        for _ in range(3):
            refused = self.send(client)["notCreated"]["s"]
            self.assertEqual(refused["type"], "rateLimit")
            self.assertEqual(refused["description"],
                             "Too many messages of this account in a day, "
                             "try again in 25 hours")
        self.assertEqual(self.webmail.log().count("account_over_limit"), 1)
        shown = self.store.json("account", "show", f"alice@{DOMAIN}")
        self.assertEqual((shown["sentEmails"], shown["sentTo"]), (2, 2))
        # An administrator's own is not counted, nor refused.
        self.store.ctl("send", stdin=f"From: alice@{DOMAIN}\r\n"
                       f"To: bob@{DOMAIN}\r\n\r\nx\r\n".encode())
        self.store.ctl("account", "set", f"alice@{DOMAIN}", "--limit",
                       "messages-per-day=3")
        self.assertIn("s", self.send(client)["created"])
        self.assertIn("s", self.send(client)["notCreated"])


if __name__ == "__main__":
    unittest.main()

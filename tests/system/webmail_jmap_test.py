# SPDX-License-Identifier: MIT
"""JMAP through the whole of webmail: calls that come at the same time."""
import threading
import unittest

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


if __name__ == "__main__":
    unittest.main()

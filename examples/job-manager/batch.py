"""A job as its manager sees it: over REST, with the token that the service has put into the environment."""
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

API_VERSION = "2024-07-01.20.0"
MOST_A_REQUEST = 100
ASK_EVERY_S = 0.3
TRIES = 8


class Job:
    def __init__(self, environment):
        self.url = f"{environment['AZ_BATCH_ACCOUNT_URL'].rstrip('/')}/jobs/{environment['AZ_BATCH_JOB_ID']}"
        self.token = environment["AZ_BATCH_AUTHENTICATION_TOKEN"]

    def add(self, commands):
        """Adds a task for each command line, by its id. Those that are there already stay as they are."""
        tasks = [{"id": name, "commandLine": command} for name, command in commands.items()]
        for at in range(0, len(tasks), MOST_A_REQUEST):
            answer = json.loads(self._ask("/addtaskcollection", {"value": tasks[at:at + MOST_A_REQUEST]}))
            for one in answer["value"]:
                if one["status"] != "Success" and one["error"]["code"] != "TaskExists":
                    sys.exit(f"{one['taskId']} was refused: {one['error']['code']}")

    def wait(self, names):
        """Returns when all are completed. Ends the manager, and so the job, when one has failed."""
        left = set(names)
        while left:
            for name in sorted(left):
                task = json.loads(self._ask(f"/tasks/{name}", None))
                if task["state"] != "completed":
                    break
                if task["executionInfo"]["result"] != "success":
                    sys.exit(f"{name} failed: {task['executionInfo'].get('failureInfo')}")
                left.remove(name)
            else:
                continue
            time.sleep(ASK_EVERY_S)

    def stdout(self, name):
        return self._ask(f"/tasks/{name}/files/stdout.txt", None).decode()

    def _ask(self, path, body):
        request = urllib.request.Request(f"{self.url}{path}?api-version={API_VERSION}")
        request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.add_header("Content-Type", "application/json; odata=minimalmetadata")
            request.data = json.dumps(body).encode()
        for tries in range(TRIES):
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return answer.read()
            except urllib.error.HTTPError as error:
                # What is refused stays so; a service that is busy (429, 5xx) is asked again.
                if error.code < 500 and error.code != 429 or tries == TRIES - 1:
                    sys.exit(f"{request.get_method()} {path}: {error.code} {error.read().decode()}")
            except urllib.error.URLError as error:
                if tries == TRIES - 1:
                    sys.exit(f"{path}: {error.reason}")
            time.sleep(2**tries / 4)
        raise AssertionError("the last try returns or exits")

"""A job manager that grows its job with Debian's python3-azure: it has no key, only the token that the service gave it."""
import os
import sys
import time

from azure.batch import BatchServiceClient
from azure.batch import models
from msrest.authentication import BasicTokenAuthentication


job = os.environ["AZ_BATCH_JOB_ID"]
assert "AZURE_BATCH_ACCESS_KEY" not in os.environ
client = BatchServiceClient(
    BasicTokenAuthentication({"access_token": os.environ["AZ_BATCH_AUTHENTICATION_TOKEN"]}),
    batch_url=os.environ["AZ_BATCH_ACCOUNT_URL"],
)


def add_and_wait(names, command):
    client.task.add_collection(job, [models.TaskAddParameter(id=name, command_line=command % name) for name in names])
    deadline = time.monotonic() + 60
    while any(client.task.get(job, name).state != models.TaskState.completed for name in names):
        if time.monotonic() > deadline:
            sys.exit("not completed: %s" % names)
        time.sleep(0.1)
    return [b"".join(client.file.get_from_task(job, name, "stdout.txt")).decode().strip() for name in names]


found = add_and_wait(["list1", "list2"], "/bin/sh -c 'echo %s-found'")
assert found == ["list1-found", "list2-found"], found
assert add_and_wait(found, "/bin/echo %s") == found
try:
    client.job.add(models.JobAddParameter(id="another", pool_info=models.PoolInformation(pool_id="python")))
    sys.exit("a token of one job made another")
except models.BatchErrorException as error:
    assert error.error.code == "InsufficientAccountPermissions", error.error.code
print("grown")

"""The flow of a Batch application by Debian's python3-azure, unmodified: pool, job, 100 tasks, wait, read stdout, pages, ranges, ETags, a collection too large for one request, delete."""
import os
import sys
import time

from azure.batch import BatchServiceClient
from azure.batch import models
from azure.batch.batch_auth import SharedKeyCredentials


def until(what, seconds, found):
    deadline = time.monotonic() + seconds
    while True:
        value = found()
        if value:
            return value
        if time.monotonic() > deadline:
            sys.exit("not within %s s: %s" % (seconds, what))
        time.sleep(0.1)


client = BatchServiceClient(
    SharedKeyCredentials(os.environ["AZURE_BATCH_ACCOUNT"], os.environ["AZURE_BATCH_ACCESS_KEY"]),
    batch_url=os.environ["AZURE_BATCH_ENDPOINT"],
)
image = next(
    i for i in client.account.list_supported_images()
    if i.image_reference.offer == "0001-com-ubuntu-server-jammy" and i.image_reference.sku == "22_04-lts"
)
client.pool.add(models.PoolAddParameter(
    id="python", vm_size="STANDARD_D1_V2", target_dedicated_nodes=2, task_slots_per_node=4,
    virtual_machine_configuration=models.VirtualMachineConfiguration(
        image_reference=image.image_reference, node_agent_sku_id=image.node_agent_sku_id),
))
assert client.pool.exists("python") and not client.pool.exists("other")
client.job.add(models.JobAddParameter(id="python", pool_info=models.PoolInformation(pool_id="python")))
added = client.task.add_collection("python", [
    models.TaskAddParameter(id="t%d" % i, command_line="/bin/sh -c 'echo task %d'" % i) for i in range(100)
])
assert len(added.value) == 100, added
until("all are completed", 60, lambda: all(t.state == models.TaskState.completed for t in client.task.list("python")))
assert {t.execution_info.result for t in client.task.list("python")} == {models.TaskExecutionResult.success}
text = b"".join(client.file.get_from_task("python", "t7", "stdout.txt"))
assert text == b"task 7\n", text
part = b"".join(client.file.get_from_task("python", "t7", "stdout.txt", models.FileGetFromTaskOptions(ocp_range="bytes=5-5")))
assert part == b"7", part
properties = client.file.get_properties_from_task("python", "t7", "stdout.txt", raw=True).headers
assert properties["Content-Length"] == 7 and properties["ocp-batch-file-isdirectory"] is False, properties
pages = client.task.list("python", models.TaskListOptions(filter="state eq 'completed' and startswith(id, 't1')", select="id", max_results=4))
listed = list(pages)
assert {t.id for t in listed} == {"t1"} | {"t1%d" % i for i in range(10)} and listed[0].command_line is None, [t.id for t in listed]
names = [f.name for f in client.file.list_from_task("python", "t7", recursive=True)]
assert "stdout.txt" in names and "wd" in names, names
try:
    client.task.add("python", models.TaskAddParameter(id="T7", command_line="true"))
    sys.exit("an id that differs in case only was taken")
except models.BatchErrorException as error:
    assert error.error.code == "TaskExists", error.error.code
    assert "RequestId:" in error.error.message.value, error.error.message
job = client.job.get("python")
client.job.patch("python", models.JobPatchParameter(priority=7), models.JobPatchOptions(if_match=job.e_tag))
try:
    client.job.patch("python", models.JobPatchParameter(priority=8), models.JobPatchOptions(if_match=job.e_tag))
    sys.exit("a change by an ETag of before was taken")
except models.BatchErrorException as error:
    assert (error.response.status_code, error.error.code) == (412, "ConditionNotMet"), error
assert client.job.get("python").priority == 7
# More than a request may hold: the client halves what it sends until each request is taken.
long = [models.EnvironmentSetting(name="LONG", value="x" * 20000)]
added = client.task.add_collection("python", [
    models.TaskAddParameter(id="long%d" % i, command_line="/bin/true", environment_settings=long) for i in range(80)
])
assert sorted(r.task_id for r in added.value) == sorted("long%d" % i for i in range(80)), added.value
client.job.delete("python")
client.pool.delete("python")
until("the pool is gone", 30, lambda: not client.pool.exists("python"))
print("done")

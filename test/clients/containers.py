"""The published walk-through of container workloads by Debian's python3-azure, unmodified: a pool that fetches an image of a private registry beforehand, a task in it with run options, one whose entry point the image has."""
import os
import sys
import time

from azure.batch import BatchServiceClient
from azure.batch import models as batchmodels
from azure.batch.batch_auth import SharedKeyCredentials

REGISTRY = os.environ["REGISTRY"]
IMAGE = REGISTRY + "/samples/myimage"


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
image_ref_to_use = batchmodels.ImageReference(
    publisher="microsoft-azure-batch", offer="ubuntu-server-container", sku="20-04-lts", version="latest")
container_registry = batchmodels.ContainerRegistry(
    registry_server=REGISTRY, user_name=os.environ["REGISTRY_USER"], password=os.environ["REGISTRY_PASSWORD"])
container_conf = batchmodels.ContainerConfiguration(
    container_image_names=[IMAGE], container_registries=[container_registry])
client.pool.add(batchmodels.PoolAddParameter(
    id="myContainerPool", vm_size="STANDARD_D1_V2", target_dedicated_nodes=1, task_slots_per_node=4,
    virtual_machine_configuration=batchmodels.VirtualMachineConfiguration(
        image_reference=image_ref_to_use, container_configuration=container_conf, node_agent_sku_id="batch.node.ubuntu 20.04"),
    start_task=batchmodels.StartTask(
        command_line="/bin/sh -c 'env; echo started > $AZ_BATCH_NODE_SHARED_DIR/started'",
        user_identity=batchmodels.UserIdentity(auto_user=batchmodels.AutoUserSpecification(elevation_level="admin")),
        container_settings=batchmodels.TaskContainerSettings(image_name=IMAGE), wait_for_success=True),
))
stored = client.pool.get("myContainerPool").virtual_machine_configuration.container_configuration
assert stored.type == "dockerCompatible" and stored.container_image_names == [IMAGE], stored
assert stored.container_registries[0].password is None, "a password is shown"

client.job.add(batchmodels.JobAddParameter(id="containers", pool_info=batchmodels.PoolInformation(pool_id="myContainerPool")))
task_container_settings = batchmodels.TaskContainerSettings(image_name=IMAGE, container_run_options="--rm --workdir /")
client.task.add("containers", batchmodels.TaskAddParameter(
    id="task", command_line="/bin/sh -c 'pwd; cat $AZ_BATCH_NODE_SHARED_DIR/started; echo made > $AZ_BATCH_TASK_WORKING_DIR/made'",
    container_settings=task_container_settings))
client.task.add("containers", batchmodels.TaskAddParameter(
    id="entry", command_line="", container_settings=batchmodels.TaskContainerSettings(image_name=REGISTRY + "/samples/greeter:1")))
client.task.add("containers", batchmodels.TaskAddParameter(
    id="missing", command_line="true", container_settings=batchmodels.TaskContainerSettings(image_name=REGISTRY + "/samples/none")))
client.task.add("containers", batchmodels.TaskAddParameter(id="host", command_line="/bin/sh -c 'test -d /proc/1 && echo on the node'"))

until("all are completed", 90, lambda: all(t.state == batchmodels.TaskState.completed for t in client.task.list("containers")))


def text(task, path="stdout.txt"):
    return b"".join(client.file.get_from_task("containers", task, path)).decode()


task = client.task.get("containers", "task")
assert task.execution_info.result == batchmodels.TaskExecutionResult.success, (task.execution_info.failure_info, text("task", "stderr.txt"))
assert text("task") == "/\nstarted\n", text("task")
assert text("task", "wd/made") == "made\n"
assert task.execution_info.container_info.state == "exited" and task.execution_info.container_info.container_id, task.execution_info.container_info
assert task.container_settings.working_directory == "taskWorkingDirectory", task.container_settings
assert text("entry") == "greetings\n", text("entry")
assert text("host") == "on the node\n", text("host")
missing = client.task.get("containers", "missing").execution_info.failure_info
assert (missing.category, missing.code) == (batchmodels.ErrorCategory.user_error, "ContainerInvalidImage"), missing
assert [(d.name, d.value) for d in missing.details][0] == ("ContainerImage", REGISTRY + "/samples/none:latest"), missing.details
assert client.task.get("containers", "host").execution_info.container_info is None
node = next(iter(client.compute_node.list("myContainerPool")))
assert node.start_task_info.container_info.state == "exited", node.start_task_info
client.job.delete("containers")
client.pool.delete("myContainerPool")
print("done")

"""The published "hello world" of the Python samples by Debian's python3-azure, unmodified: a job whose pool is made for it, one task, wait, read stdout; the pool goes with its job."""
import datetime
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
job_id = "HelloWorldJob" + datetime.datetime.utcnow().strftime("%Y%m%d-%H%M%S")
client.job.add(models.JobAddParameter(
    id=job_id,
    pool_info=models.PoolInformation(
        auto_pool_specification=models.AutoPoolSpecification(
            auto_pool_id_prefix="HelloWorld",
            pool=models.PoolSpecification(
                vm_size="STANDARD_D1_V2",
                target_dedicated_nodes=1,
                virtual_machine_configuration=models.VirtualMachineConfiguration(
                    image_reference=image.image_reference, node_agent_sku_id=image.node_agent_sku_id),
            ),
            keep_alive=False,
            pool_lifetime_option=models.PoolLifetimeOption.job,
        ),
    ),
))
client.task.add(job_id, models.TaskAddParameter(id="HelloWorld", command_line="/bin/sh -c 'echo Hello world from the Batch Hello world sample!'"))
until("the task is completed", 60, lambda: all(t.state == models.TaskState.completed for t in client.task.list(job_id)))
task = client.task.get(job_id, "HelloWorld")
text = b"".join(client.file.get_from_task(job_id, "HelloWorld", "stdout.txt"))
assert text == b"Hello world from the Batch Hello world sample!\n", text
job = client.job.get(job_id)
made = job.execution_info.pool_id
assert made.startswith("HelloWorld_") and made == task.node_info.pool_id, made
pool = client.pool.get(made)
assert (pool.vm_size, pool.current_dedicated_nodes) == ("standard_d1_v2", 1), pool
assert job.pool_info.auto_pool_specification.pool.target_dedicated_nodes == 1
client.job.delete(job_id)
until("the pool is gone with its job", 60, lambda: not client.pool.exists(made))
print("done")

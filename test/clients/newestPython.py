# The newest Azure libraries for Python, with tokens alone: a certificate, a secret, and the machine's own identity.
import os
import sys
import time

from azure.batch import BatchClient
from azure.batch import models as batch
from azure.identity import CertificateCredential, ClientSecretCredential, DefaultAzureCredential
from azure.mgmt.batch import BatchManagementClient
from azure.storage.blob import BlobServiceClient

environ = os.environ
authority = environ["LINARITE_MANAGEMENT_ENDPOINT"]
subscription = "11a12173-0000-4000-8000-000000000002"
common = {"authority": authority, "disable_instance_discovery": True}
tenant = "11a12173-0000-4000-8000-000000000001"
by_certificate = CertificateCredential(tenant, environ["CERTIFIED_ID"], certificate_path=sys.argv[1], **common)
by_secret = ClientSecretCredential(tenant, environ["AZURE_CLIENT_ID"], environ["AZURE_CLIENT_SECRET"], **common)

management = BatchManagementClient(by_secret, subscription, base_url=authority, credential_scopes=["https://management.azure.com/.default"])
print([account.name for account in management.batch_account.list()])

image = batch.BatchVmImageReference(publisher="canonical", offer="0001-com-ubuntu-server-jammy", sku="22_04-lts")
client = BatchClient(authority, by_certificate)
client.create_pool(batch.BatchPoolCreateOptions(
    id="newest", vm_size="standard_a1_v2", target_dedicated_nodes=1,
    virtual_machine_configuration=batch.VirtualMachineConfiguration(image_reference=image, node_agent_sku_id="batch.node.ubuntu 22.04")))
client.create_job(batch.BatchJobCreateOptions(id="newest", pool_info=batch.BatchPoolInfo(pool_id="newest")))
client.create_task("newest", batch.BatchTaskCreateOptions(id="one", command_line="/bin/sh -c 'echo what it says'"))
deadline = time.monotonic() + 120
while client.get_task("newest", "one").state != "completed" and time.monotonic() < deadline:
    time.sleep(0.2)
print(b"".join(client.download_task_file("newest", "one", "stdout.txt")).decode().strip())

machine = BatchClient(authority, DefaultAzureCredential(exclude_environment_credential=True))
print([pool.id for pool in machine.list_pools()])

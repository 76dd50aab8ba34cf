"""The management plane by Debian's azure-mgmt-batch, unmodified: an account, its keys, pools, an application with a package, and what is around them, until all is deleted."""
import io
import os
import sys
import urllib.request
import zipfile

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.batch import BatchManagementClient, models

GROUP = "linarite"
ACCOUNT = "python"
endpoint = os.environ["LINARITE_MANAGEMENT_ENDPOINT"]
subscription = "11a12173-0000-4000-8000-000000000002"
storage = "/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Storage/storageAccounts/devstoreaccount1" % (subscription, GROUP)
credential = ClientSecretCredential(
    os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"], authority=os.environ["AZURE_AUTHORITY_HOST"])
client = BatchManagementClient(credential, subscription, base_url=endpoint)


def check(what, seen, expected):
    if seen != expected:
        sys.exit("%s: %r, not %r" % (what, seen, expected))


def refused(what, code, ask):
    try:
        ask()
    except HttpResponseError as error:
        return check(what, error.error.code, code)
    sys.exit("%s is not refused" % what)


accounts = client.batch_account
made = accounts.begin_create(GROUP, ACCOUNT, models.BatchAccountCreateParameters(
    location="eastus", tags={"of": "tests"}, auto_storage=models.AutoStorageBaseProperties(storage_account_id=storage))).result()
check("the account", (made.name, made.location, made.provisioning_state, made.auto_storage.storage_account_id), (ACCOUNT, "eastus", "Succeeded", storage))
check("changed tags", accounts.update(GROUP, ACCOUNT, models.BatchAccountUpdateParameters(tags={"of": "others"})).tags, {"of": "others"})
check("the account read again", accounts.get(GROUP, ACCOUNT).tags, {"of": "others"})
check("accounts", sorted(one.name for one in accounts.list()), ["linarite", ACCOUNT])
check("accounts of the group", sorted(one.name for one in accounts.list_by_resource_group(GROUP)), ["linarite", ACCOUNT])
before = accounts.get_keys(GROUP, ACCOUNT)
after = accounts.regenerate_key(GROUP, ACCOUNT, models.BatchAccountRegenerateKeyParameters(key_name="Primary"))
check("the replaced key and the other", (after.primary == before.primary, after.secondary == before.secondary), (False, True))
accounts.synchronize_auto_storage_keys(GROUP, ACCOUNT)
refused("an account that is none", "ResourceNotFound", lambda: accounts.get(GROUP, "nowhere"))

check("a quota", client.location.get_quotas("eastus").account_quota > 0, True)
check("a free name", client.location.check_name_availability("eastus", models.CheckNameAvailabilityParameters(name="free")).name_available, True)
check("a taken name", client.location.check_name_availability("eastus", models.CheckNameAvailabilityParameters(name=ACCOUNT)).reason, "AlreadyExists")
check("a size", "Standard_D1_v2" in [one.name for one in client.location.list_supported_virtual_machine_skus("eastus")], True)
check("an action", "Microsoft.Batch/batchAccounts/read" in [one.name for one in client.operations.list()], True)

client.application.create(GROUP, ACCOUNT, "tool", models.Application(display_name="Tool", allow_updates=True))
package = client.application_package.create(GROUP, ACCOUNT, "tool", "1.0")
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as entries:
    entries.writestr("run", "echo run")
upload = urllib.request.Request(package.storage_url, data=archive.getvalue(), method="PUT", headers={"x-ms-blob-type": "BlockBlob"})
check("the upload", urllib.request.urlopen(upload).status, 201)
check("the package", client.application_package.activate(GROUP, ACCOUNT, "tool", "1.0", models.ActivateApplicationPackageParameters(format="zip")).state, "Active")
check("the default", client.application.update(GROUP, ACCOUNT, "tool", models.Application(default_version="1.0")).default_version, "1.0")
check("applications", [one.name for one in client.application.list(GROUP, ACCOUNT)], ["tool"])
check("packages", [one.name for one in client.application_package.list(GROUP, ACCOUNT, "tool")], ["1.0"])
client.application.update(GROUP, ACCOUNT, "tool", models.Application(default_version=""))
client.application_package.delete(GROUP, ACCOUNT, "tool", "1.0")
client.application.delete(GROUP, ACCOUNT, "tool")

image = models.ImageReference(publisher="canonical", offer="0001-com-ubuntu-server-jammy", sku="22_04-lts")
machine = models.DeploymentConfiguration(virtual_machine_configuration=models.VirtualMachineConfiguration(image_reference=image, node_agent_sku_id="batch.node.ubuntu 22.04"))
fixed = models.ScaleSettings(fixed_scale=models.FixedScaleSettings(target_dedicated_nodes=1))
scaled = models.ScaleSettings(auto_scale=models.AutoScaleSettings(formula="$TargetDedicatedNodes = 0;"))
for name, scale in (("fixed", fixed), ("scaled", scaled)):
    pool = client.pool.create(GROUP, ACCOUNT, name, models.Pool(vm_size="STANDARD_D1_V2", deployment_configuration=machine, scale_settings=scale))
    check("the pool " + name, (pool.name, pool.provisioning_state), (name, "Succeeded"))
try:
    client.pool.stop_resize(GROUP, ACCOUNT, "fixed")
except HttpResponseError as error:
    check("a resize that has ended", error.error.code, "OperationInvalidForCurrentState")
check("a formula no more", client.pool.disable_auto_scale(GROUP, ACCOUNT, "scaled").scale_settings.auto_scale, None)
changed = client.pool.update(GROUP, ACCOUNT, "scaled", models.Pool(metadata=[models.MetadataItem(name="a", value="b")]))
check("metadata", [(one.name, one.value) for one in changed.metadata], [("a", "b")])
pages = [[one.name for one in page] for page in client.pool.list_by_batch_account(GROUP, ACCOUNT, maxresults=1).by_page()]
check("pages of pools", pages, [["fixed"], ["scaled"]])
for deletion in [client.pool.begin_delete(GROUP, ACCOUNT, name) for name in ("fixed", "scaled")]:
    deletion.result()
refused("a pool that is gone", "PoolNotFound", lambda: client.pool.get(GROUP, ACCOUNT, "fixed"))

check("links", [one.group_id for one in client.private_link_resource.list_by_batch_account(GROUP, ACCOUNT)], ["batchAccount", "nodeManagement"])
check("connections", list(client.private_endpoint_connection.list_by_batch_account(GROUP, ACCOUNT)), [])
refused("a connection that is none", "ResourceNotFound", lambda: client.private_endpoint_connection.get(GROUP, ACCOUNT, "none"))
check("what an account reaches", "Azure Batch" in [one.category for one in accounts.list_outbound_network_dependencies_endpoints(GROUP, ACCOUNT)], True)
check("detectors", list(accounts.list_detectors(GROUP, ACCOUNT)), [])

accounts.begin_delete(GROUP, ACCOUNT).result()
try:
    accounts.get(GROUP, ACCOUNT)
except ResourceNotFoundError:
    print("done")

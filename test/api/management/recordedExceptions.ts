import type { RecordedException, VolatileValue } from '../recordedExceptions.ts';

/**
 * All that replayed sessions of the management plane may answer in another way than recorded. A row that explains
 * nothing any more fails the test.
 */
export const RECORDED_EXCEPTIONS: readonly RecordedException[] = [
  { exchanges: /^MG 1$/, difference: /^value has \d+ items, not 2$/, reason: 'The actions are those of the operations that are served; the recording is cut down to two.' },
  { exchanges: /^(MG|AZ) /, difference: /^(value\[\]\.)?properties\.(dedicatedCoreQuota|lowPriorityCoreQuota|dedicatedCoreQuotaPerVMFamily|dedicatedCoreQuotaPerVMFamilyEnforced) /, reason: 'Quotas are what the operator sets; without any there is no bound.' },
  { exchanges: /^AZ /, difference: /^properties\.nodeManagementEndpoint is /, reason: 'Nodes find the service where the account is, at a name that the host of the account ends with.' },
  { exchanges: /^MG /, difference: /^(value\[\]\.)?properties\.privateEndpointConnections added$/, reason: 'An account of 2024 has the list (AZ 3), and so has one of 2020-09-01 by its facts; it was left out where it was empty.' },
  { exchanges: /^MG /, difference: /^header Retry-After is "1", not "15"$/, reason: 'It is done in a second or two: clients that are told so ask again in time.' },
  { exchanges: /^AZ /, difference: /^header Retry-After added$/, reason: 'As above; without it clients wait for 30 seconds.' },
  { exchanges: /^(MG 24|MG 51)$/, difference: /^header x-ms-failure-cause missing$/, reason: 'No gateway stands before the service.' },
  { exchanges: /^(MG|AZ) /, difference: /storageUrl is "(https:\/\/mystorageaccount\.blob\.core\.windows\.net\/app(-\w+)+)-[0-9a-f]{32}\/.*&sp=(rw?)&.*", not "\1-[0-9a-f]{32}\/.*&sp=\3"$/, reason: 'The signature has its parameters in another order, and says that it is good for https alone.' },
  { exchanges: /^MG 4[02]$/, difference: /startTask\.resourceFiles\[\] in the order httpUrl,filePath, not filePath,httpUrl$/, reason: 'The order is that of the data plane, which is recorded too.' },
  { exchanges: /^AZ 64$/, difference: /^value has \d+ items, not 9$/, reason: 'The recording is cut down; the sizes have tests of their own.' },
  { exchanges: /^AZ 52$/, difference: /^value has 2 items, not 4$/, reason: 'Nodes need no repository of Microsoft and no key vault.' },
  { exchanges: /^AZ 14[89]$/, difference: /^status 404, not 20[01] .*"InvalidResourceNamespace"/s, reason: 'Private endpoints are of the virtual networks of Azure, of which there are none.' },
  { exchanges: /^AZ 15[23]$/, difference: /^(value has 0 items, not 1$|status 404, not 200 .*"ResourceNotFound")/, reason: 'Private endpoints are of the virtual networks of Azure, of which there are none.' },
  { exchanges: /^EX 49$/, difference: /^properties\.allocationState is "Steady", not "Resizing"$/, reason: 'The owner of the account resizes, which has none in this test.' },
  { exchanges: /^EX 48$/, difference: /^properties\.(autoScaleRun missing|allocationState is "Steady", not "Resizing"|resizeOperationStatus\.targetDedicatedNodes is 0, not 34)$/, reason: 'Formulas are evaluated by the owner of an account, which has none in this test.' },
];

/** All that may differ in the texts of an answer. A row that is not needed fails the test. */
export const VOLATILE: readonly VolatileValue[] = [
  { name: 'identity', at: /(principalId|clientId)$/, form: /^[0-9a-f-]{36}$/, reason: 'Identities are numbered as they are made.' },
  { name: 'service', at: /^header Location$/, form: /^https?:\/\/[^/]+/, reason: 'Links lead to the host that was called.' },
  { name: 'operation', at: /^header Location$/, form: /(?<=perationResults\/)(\w+-)?[0-9a-f]{8}-[0-9a-f-]{27}|(?<=sha1-[0-9a-f]{40}-)[0-9a-fA-F]+/, reason: 'Ids of operations are made as they begin.' },
  { name: 'proof', at: /^header Location$/, form: /(&t=\d+&c=SANITIZED&s=SANITIZED&h=SANITIZED)?$/, reason: 'The real service signs where to poll; here the bearer token of the request is held against the path.' },
  { name: 'time', at: /(Time|lastModified|lastKeySync|Expiry)$/, form: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/, reason: 'The moment of the exchange.' },
  { name: 'number of a change', at: /etag$|^header ETag$/, form: /(?<=")0x[0-9A-F]{15}(?=")/, reason: 'It is made of the moment of the change.' },
  { name: 'date', at: /^header Last-Modified$/, form: /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, reason: 'The moment of the change.' },
  { name: 'request', at: /^error\.message$/, form: /\nRequestId:[0-9a-f-]{36}\nTime:\S+Z$/, reason: 'Id and moment of the request.' },
  { name: 'key', at: /^(primary|secondary)$/, form: /^\S+$/, reason: 'A secret, left out of the recording.' },
];

/** A difference from recorded answers that is meant to be there. */
export interface RecordedException {
  /** Names of the exchanges. */
  readonly exchanges: RegExp;
  /** The difference, in the words of `differences`. */
  readonly difference: RegExp;
  readonly reason: string;
}

/**
 * All that replayed sessions may answer in another way than recorded. A row that explains nothing any more fails the
 * test.
 */
export const RECORDED_EXCEPTIONS: readonly RecordedException[] = [
  { exchanges: /^(DP 1|CX 1|AZ 141)$/, difference: /batchSupportEndOfLife added$/, reason: 'The end of support was made known later.' },
  { exchanges: /^DP 1$/, difference: /^image \S+ missing$/, reason: 'Batch has no longer had the image in 2024 (AZ 141).' },
  { exchanges: /^DP 1$/, difference: /^value\[(canonical\/ubuntuserver\/18_04-lts-gen2|microsoftwindowsserver\/windowsserver\/2008-r2-sp1(-smalldisk)?)\]/, reason: 'The image is shown as Batch had it last (the one of Windows: AZ 141).' },
  { exchanges: /^(DP 2|AZ 35)$/, difference: /^status 400, not 201 .*"InvalidPropertyValue".*"data"/s, reason: 'The certificate was masked in the recording, and this service reads what it is given.' },
  { exchanges: /^DP 12$/, difference: /^status 201, not 403/, reason: 'There are no virtual networks of Azure that an account could lack the right to; a subnet is kept and not enforced.' },
  { exchanges: /^DP 13$/, difference: /^values\[\]\.value is "The specified resource id must be of the format .* or .*, not /, reason: 'The sentence is that of 2024, which names a second format (AZ 95 holds it word for word).' },
  { exchanges: /^(DP 24|EX 16)$/, difference: /^status 409, not 200 .*"OperationNotValidOnNode"/s, reason: 'The node was one of a cloud service of Windows; nodes are of Linux here.' },
  { exchanges: /^DP (44|86)$/, difference: /^(usageStats\.dedicatedCoreTime|wallClockTime|numTaskRetries|num(Succeeded|Failed)Tasks) is .*, not "(PT0S|0)"$/, reason: 'Statistics are up to date here; those of the real service had not been made since the account was.' },
  { exchanges: /^DP 45$/, difference: /^value\[\]\.totalCoreHours is 0\.5, not 0\.49999999997222216$/, reason: 'Times are counted in milliseconds, and the real service counts in ticks.' },
  { exchanges: /^(DP|CX|EX) /, difference: /endpointConfiguration missing$/, reason: 'Endpoints are those of the load balancer before nodes in Azure, of which there is none.' },
  { exchanges: /^(DP|AZ|CX|EX) /, difference: /^header (DataServiceId|Location) is .*, not "<service>\/jobs\/job-1"$/, reason: 'The real service answers `/jobs/job-1` whatever the job is called; this one says where the job is.' },
  { exchanges: /^DP /, difference: /^(value\[\]\.properties\.fileMode|header ocp-batch-file-mode) added$/, reason: 'The node was one of Windows, whose files have no mode.' },
  { exchanges: /^(DP|CX) /, difference: /nodeInfo\.taskRootDirectory is .*, not "workitems\\\\/, reason: 'The node was one of Windows; nodes are of Linux here.' },
  { exchanges: /^AZ 24$/, difference: /^resourceTags in the order /, reason: 'Pools are kept as JSON of the database, whose maps have no order.' },
  { exchanges: /^(CX|EX) /, difference: /ipAddress is "0\.0\.0\.0", not "10\.0\.0\.4"$/, reason: 'A node has the address that its agent names; Azure knows it before the node has started.' },
  { exchanges: /^CX /, difference: /imageReference\.exactVersion missing$/, reason: 'No image is looked up: nodes run what their machine runs, and of `latest` nobody here knows which one that is.' },
  { exchanges: /^CX 56$/, difference: /^value\[\]\.(taskId|location) is /, reason: 'Tasks of a collection are answered in the order of the request; the real service answers in none.' },
  { exchanges: /^AZ 161$/, difference: /^task(Slot)?Counts\.active is 1, not 0$/, reason: 'Counts are exact here; those of the real service come up to date within seconds (AZ 162 has this one).' },
  { exchanges: /^EX 34$/, difference: /^header ETag is as before/, reason: 'Seen once, of a pool three seconds old; as a rule it is that of the formula (DP 34, AZ 133).' },
  { exchanges: /^EX 11$/, difference: /^taskSlotCounts\.(completed|succeeded|failed) is \d, not 0$/, reason: 'Documented as the slots of tasks that have ended; recorded as 0, once.' },
];

/** A part of texts that differs from run to run by its nature. All else in an answer has to be as recorded. */
export interface VolatileValue {
  readonly name: string;
  /** The properties and headers it is found in, by their path in the answer, such as `value[].eTag`. */
  readonly at: RegExp;
  /** What the part looks like, on both sides; the rest of the text has to be equal. */
  readonly form: RegExp;
  readonly reason: string;
}

/** All that may differ in the texts of an answer. A row that is not needed fails the test. */
export const VOLATILE: readonly VolatileValue[] = [
  { name: 'service', at: /(^|\.)(odata\.metadata|odata\.nextLink|location|\w*[uU]rl)$|^header (DataServiceId|Location|ocp-batch-file-url)$/, form: /^https?(:\/\/|%3A%2F%2F)([^/%]|%3A)+/, reason: 'Links lead to the host that was called.' },
  { name: 'page', at: /odata\.nextLink$/, form: /(?<=\$skiptoken=).+$/, reason: 'Where the next page begins is said in words of the service alone.' },
  { name: 'time', at: /(Time|timestamp|lastModified)$/, form: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/, reason: 'The moment of the exchange.' },
  { name: 'number of a change', at: /eTag$|^header ETag$/, form: /^0x[0-9A-F]{15}$/, reason: 'It is made of the moment of the change.' },
  { name: 'date', at: /^header (Last-Modified|ocp-creation-time)$/, form: /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, reason: 'The moment of the change.' },
  { name: 'account or answer', at: /^virtualDirectoryName$/, form: /(?<=^mybatchaccount-)[0-9A-F]{16}(?=\/)|[0-9a-f-]{36}$/g, reason: 'The number of the account, and the id of the answer.' },
  { name: 'request', at: /^message\.value$/, form: /\nRequestId:[0-9a-f-]{36}\nTime:\S+Z$/, reason: 'Id and moment of the request.' },
];

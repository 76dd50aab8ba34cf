/** A difference from recorded answers that is meant to be there. */
export interface RecordedException {
  /** Names of the exchanges. */
  readonly exchanges: RegExp;
  /** The difference, in the words of `differences`. */
  readonly difference: RegExp;
  readonly reason: string;
}

/** All that replayed sessions may answer in another way than recorded. A row that explains nothing any more fails the test. */
export const RECORDED_EXCEPTIONS: readonly RecordedException[] = [
  { exchanges: /^DP 12$/, difference: /^status 201, not 403/, reason: 'There are no virtual networks of Azure that an account could lack the right to; a subnet is kept and not enforced.' },
  { exchanges: /^DP 13$/, difference: /^values\[\]\.value is "The specified resource id must be of the format .* or .*, not /, reason: 'The sentence is that of 2024, which names a second format (AZ 95 holds it word for word).' },
  { exchanges: /^DP (18|20|21)$/, difference: /endpointConfiguration missing$/, reason: 'Endpoints are those of the load balancer before nodes in Azure, of which there is none.' },
  { exchanges: /^(DP (46|50|53)|AZ (66|72|154))$/, difference: /^header (DataServiceId|Location) is .*, not "<service>\/jobs\/job-1"$/, reason: 'The real service answers `/jobs/job-1` whatever the job is called; this one says where the job is.' },
  { exchanges: /^DP 67$/, difference: /^nodeInfo\.taskRootDirectory is .*, not "workitems\\\\/, reason: 'The node was one of Windows; nodes are of Linux here.' },
  { exchanges: /^(DP 67|AZ 124|AZ 125|AZ 136)$/, difference: /userIdentity\.autoUser added$/, reason: 'The request named a user account, which is refused; sent without it, the task has the automatic user.' },
  { exchanges: /^AZ 68$/, difference: /^value has 1 items, not 2$/, reason: 'The other job is that of a job schedule; job schedules are not served.' },
  { exchanges: /^AZ 24$/, difference: /^resourceTags in the order /, reason: 'Pools are kept as JSON of the database, whose maps have no order.' },
  { exchanges: /^AZ 112$/, difference: /osDisk\.ephemeralOSDiskSettings missing$/, reason: 'Disks of virtual machines are kept as sent; nothing is filled in for a disk that is not there.' },
  { exchanges: /^AZ 131$/, difference: /^enableAutoScale is false, not true$/, reason: 'A formula was given to the pool (AZ 130), which is not served.' },
  { exchanges: /^AZ 161$/, difference: /^task(Slot)?Counts\.active is 1, not 0$/, reason: 'Counts are exact here; those of the real service come up to date within seconds (AZ 162 has this one).' },
  { exchanges: /^EX 11$/, difference: /^taskSlotCounts\.(completed|succeeded|failed) is \d, not 0$/, reason: 'Documented as the slots of tasks that have ended; recorded as 0, once.' },
  { exchanges: /^EX (35|38|39)$/, difference: /^userAccounts missing$/, reason: 'The pool was made with a user account, which is refused.' },
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
  { name: 'service', at: /(^|\.)(odata\.metadata|odata\.nextLink|location|\w*[uU]rl)$|^header (DataServiceId|Location)$/, form: /^https?:\/\/[^/]+/, reason: 'Links lead to the host that was called.' },
  { name: 'page', at: /odata\.nextLink$/, form: /(?<=\$skiptoken=).+$/, reason: 'Where the next page begins is said in words of the service alone.' },
  { name: 'time', at: /(Time|lastModified)$/, form: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/, reason: 'The moment of the exchange.' },
  { name: 'number of a change', at: /eTag$|^header ETag$/, form: /^0x[0-9A-F]{15}$/, reason: 'It is made of the moment of the change.' },
  { name: 'date', at: /^header Last-Modified$/, form: /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, reason: 'The moment of the change.' },
  { name: 'request', at: /^message\.value$/, form: /\nRequestId:[0-9a-f-]{36}\nTime:\S+Z$/, reason: 'Id and moment of the request.' },
];

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
  { exchanges: /^DP 13$/, difference: /^refusal .*"virtualMachineImageId".* not /, reason: 'The sentence is that of 2024, which names a second format (AZ 95 holds it word for word).' },
  { exchanges: /^DP (18|20|21)$/, difference: /endpointConfiguration missing$/, reason: 'Endpoints are those of the load balancer before nodes in Azure, of which there is none.' },
  { exchanges: /^(DP 67|AZ 124|AZ 125|AZ 136)$/, difference: /userIdentity\.autoUser added$/, reason: 'The request named a user account, which is refused; sent without it, the task has the automatic user.' },
  { exchanges: /^AZ 68$/, difference: /^value has 1 items, not 2$/, reason: 'The other job is that of a job schedule; job schedules are not served.' },
  { exchanges: /^AZ 112$/, difference: /osDisk\.ephemeralOSDiskSettings missing$/, reason: 'Disks of virtual machines are kept as sent; nothing is filled in for a disk that is not there.' },
  { exchanges: /^EX (35|38|39)$/, difference: /^userAccounts missing$/, reason: 'The pool was made with a user account, which is refused.' },
];

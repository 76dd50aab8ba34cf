/** What a stub told a client and this service does not, and why. */
export interface StubException {
  /** Names of the exchanges. */
  readonly exchanges: RegExp;
  /** The difference, in the words of `lacking`. */
  readonly difference: RegExp;
  readonly reason: string;
}

/**
 * All that clients were told by a stub and are not told here. A row that explains nothing any more fails the test.
 */
export const STUB_EXCEPTIONS: readonly StubException[] = [
  { exchanges: /^ST 4$/, difference: /^count missing$/, reason: 'Read by no client; the list is whole.' },
  { exchanges: /^(ST 1[12]|SD 38|SD 40)$/, difference: /^(value\[\]\.)?tags missing$/, reason: 'An account without tags says none (recorded, AZ 3).' },
  { exchanges: /^ST 14$/, difference: /^value\[\]\.capabilities missing$/, reason: 'An image without capabilities says none (recorded, AZ 141).' },
  { exchanges: /^(ST|SD) /, difference: /^(header ocp-creation-time|value\[\]\.properties\.creationTime) missing$/, reason: 'Files on nodes of Linux have no time of creation (API reference, "File properties").' },
  { exchanges: /^ST 30$/, difference: /^value\[\]\.startTaskInfo missing$/, reason: 'The pool has no start task.' },
  { exchanges: /^ST 35$/, difference: /^status 409, not 200 .*"JobCompleted"/, reason: 'The job was terminated before; jobs of the stub had no states.' },
  { exchanges: /^SD (8|25)$/, difference: /^value\[\]\.\w+ missing$/, reason: 'A page has what its list selects; the stub answered whole tasks.' },
  { exchanges: /^SD 21$/, difference: /^taskSlotsPerNode missing$/, reason: 'In that version it is maxTasksPerNode; the stub knew no versions.' },
  { exchanges: /^SD 41$/, difference: /^status 400, not 200 .*"MissingRequiredProperty"/, reason: 'The pool says of no machine what it is; the stub looked at no pool.' },
  { exchanges: /^SD 62$/, difference: /^status 400, not 200 .*"MultipleConditionHeadersNotSupported"/, reason: 'Two conditions do not go together; the stub looked at none.' },
];

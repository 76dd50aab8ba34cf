/** The account is not worked on in this process: whoever asks finds out which one has it now, and asks that one. */
export class NotOwnedHere extends Error {
  override readonly name = 'NotOwnedHere';
  constructor(account: number) {
    super(`account ${account} is not owned here`);
  }
}

/** No process has had the account for as long as somebody could wait. */
export class NoOwner extends Error {
  override readonly name = 'NoOwner';
  constructor(account: number) {
    super(`no process works on account ${account} now`);
  }
}

/** Looks for bytes in a stream of them, whatever the pieces are that they come in. */
export class Matches {
  readonly #wanted: Buffer;
  readonly #most: number;
  /** The end of what has been looked at: a match may begin there. */
  #rest: Buffer = Buffer.alloc(0);
  /** Where `#rest` begins. */
  #at: number;
  readonly offsets: number[] = [];

  constructor(wanted: Buffer, from: number, most: number) {
    this.#wanted = wanted;
    this.#most = most;
    this.#at = from;
  }

  get isFull(): boolean {
    return this.offsets.length >= this.#most;
  }

  /** No match begins before this and has not been found. */
  get through(): number {
    return this.#at;
  }

  add(piece: Uint8Array): void {
    const all = this.#rest.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength) : Buffer.concat([this.#rest, piece]);
    let next = 0;
    while (!this.isFull) {
      const found = all.indexOf(this.#wanted, next);
      if (found === -1) break;
      this.offsets.push(this.#at + found);
      next = found + this.#wanted.length;
    }
    const kept = this.isFull ? next : Math.max(next, all.length - this.#wanted.length + 1);
    this.#rest = Buffer.from(all.subarray(Math.min(kept, all.length)));
    this.#at += Math.min(kept, all.length);
  }
}

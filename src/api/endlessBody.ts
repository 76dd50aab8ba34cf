import { Readable } from 'node:stream';

/**
 * A body of what `make` gives, asked for as it is read. The signal aborts as soon as nobody reads any more:
 * `Readable.from` would wait for the next piece first.
 */
export function endlessBody(make: (signal: AbortSignal) => AsyncGenerator<string | Buffer>): Readable {
  const ended = new AbortController();
  const from = make(ended.signal);
  const stream = new Readable({
    read: () => {
      from.next().then(
        ({ done, value }) => stream.push(done === true ? null : value),
        (error: unknown) => stream.destroy(error instanceof Error ? error : new Error(String(error))),
      );
    },
    destroy: (error, done) => giveBack(ended, from, () => done(error)),
  });
  return stream;
}

/** What it waits for ends with the signal, and what it holds is given back. */
function giveBack(ended: AbortController, from: AsyncGenerator<string | Buffer>, then: () => void): void {
  ended.abort();
  from.return(undefined).then(then, then);
}

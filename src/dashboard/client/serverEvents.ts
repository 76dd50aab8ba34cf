/** Server-sent events, as they come off a stream that `fetch` reads: `EventSource` cannot send the session's token. */

export interface ServerEvent {
  readonly id: string | undefined;
  /** '' of a comment, and of what only sets the time after which one comes back. */
  readonly data: string;
  readonly isComment: boolean;
}

/** A function that takes a stream's text piece by piece, and gives the events that are whole with each. */
export function eventReader(): (piece: string) => readonly ServerEvent[] {
  let text = '';
  return (piece) => {
    const blocks = (text + piece).split('\n\n');
    text = blocks.pop() ?? '';
    return blocks.map(eventOf);
  };
}

function eventOf(block: string): ServerEvent {
  const lines = block.split('\n');
  const of = (name: string): readonly string[] => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ''));
  return { id: of('id').at(-1), data: of('data').join('\n'), isComment: block.startsWith(':') };
}

/** The events of an answer until it ends. @throws what reading it throws. */
export async function* eventsOf({ body }: Response): AsyncGenerator<readonly ServerEvent[]> {
  if (body === null) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const next = eventReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield next(value);
  }
}

import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { AccountNumber } from '../../core/keys.ts';
import type { AttemptEnd } from '../../core/events.ts';
import type { CommitNews, Commits, Peer } from '../../ports.ts';
import type { PeerClient } from './client.ts';
import type { Routing } from './routed.ts';

const AGAIN_MS = 500;
/** Of one commit: what is longer breaks the stream, and who listens reads the database. */
const LONGEST_LINE = 64 << 20;

/** A commit as a line of JSON. */
export function lineOf(news: CommitNews): string {
  if (news.kind === 'loaded') return `${JSON.stringify(news)}\n`;
  const { ends, ...rest } = news;
  return `${JSON.stringify(ends === undefined ? rest : { ...rest, ended: ends() })}\n`;
}

function newsOf(line: string): CommitNews {
  const read = JSON.parse(line) as CommitNews & { readonly ended?: readonly AttemptEnd[] };
  if (read.kind === 'loaded' || read.ended === undefined) return read;
  const { ended, ...rest } = read;
  return { ...rest, ends: () => ended };
}

/**
 * What owners of this process commit, and those of others: a stream from the process that has the account, for as long
 * as somebody listens. It begins with `loaded`, so that listeners read what they have not heard; likewise when the
 * account moves.
 */
export function routedCommits(routing: Routing, local: Commits): Commits {
  return {
    listen: (account, hear) => {
      const stopping = new AbortController();
      const unlisten = local.listen(account, hear);
      void follow(routing, account, hear, stopping.signal);
      return () => {
        stopping.abort();
        unlisten();
      };
    },
  };
}

async function follow({ places, client }: Routing, account: AccountNumber, hear: (news: CommitNews) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const place = await places.of(account, signal);
      if (place.kind === 'there') await listenTo(client, place.peer, account, hear, signal);
      else await new Promise<void>((resolve) => {
        const stop = places.watch(account, done);
        function done(): void {
          stop();
          signal.removeEventListener('abort', done);
          resolve();
        }
        signal.addEventListener('abort', done, { once: true });
      });
    } catch {
      // The process is gone, or the account moves: its next owner is found soon.
    }
    if (!signal.aborted) await delay(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function listenTo(client: PeerClient, peer: Peer, account: AccountNumber, hear: (news: CommitNews) => void, signal: AbortSignal): Promise<void> {
  const response: IncomingMessage = await client.stream(peer, 'commits', { account }, signal);
  if (response.statusCode !== 200) {
    response.resume();
    throw new Error(`the process at ${peer.url} tells no commits: ${response.statusCode}`);
  }
  response.setEncoding('utf8');
  let rest = '';
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) throw new Error('a commit is too long to be told');
    // An empty line says that the connection lives.
    for (const line of lines) if (line !== '' && !signal.aborted) hear(newsOf(line));
  }
}

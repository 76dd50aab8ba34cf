import { randomUUID } from 'node:crypto';
import type { FileAnswer, FileAsk } from '../agent/frames.ts';
import type { NodeNumber } from '../core/keys.ts';

/** Asks about a node's files that wait for its agent's answer. Bytes do not come this way: `read` is answered over HTTP, or here if it failed before a body was opened. */
export class NodeAsks {
  readonly #send: (node: NodeNumber, frame: { kind: 'file'; request: string; ask: FileAsk }) => boolean;
  readonly #waiting = new Map<string, { readonly node: NodeNumber; readonly settle: (answer: FileAnswer) => void }>();

  constructor(send: (node: NodeNumber, frame: { kind: 'file'; request: string; ask: FileAsk }) => boolean) {
    this.#send = send;
  }

  /** Never rejects: a node that can't be reached answers with the error `NodeNotReady`. `settled` removes the ask when its bytes came another way. */
  ask(node: NodeNumber, ask: FileAsk, signal: AbortSignal): { readonly request: string; readonly answer: Promise<FileAnswer>; readonly settled: () => void } {
    const request = randomUUID();
    const settled = (): void => {
      this.#waiting.delete(request);
    };
    const answer = new Promise<FileAnswer>((resolve) => {
      const settle = (given: FileAnswer): void => {
        settled();
        resolve(given);
      };
      this.#waiting.set(request, { node, settle });
      signal.addEventListener('abort', () => settle(NOT_READY), { once: true });
      if (signal.aborted || !this.#send(node, { kind: 'file', request, ask })) settle(NOT_READY);
    });
    return { request, answer, settled };
  }

  answer(request: string, answer: FileAnswer): void {
    this.#waiting.get(request)?.settle(answer);
  }

  /** The node's channel is down. */
  abandon(node: NodeNumber): void {
    for (const waiting of this.#waiting.values()) if (waiting.node === node) waiting.settle(NOT_READY);
  }
}

const NOT_READY: FileAnswer = { kind: 'error', code: 'NodeNotReady', message: 'The node cannot be reached now.' };

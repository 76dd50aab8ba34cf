import type { FileAnswer, FileAsk } from '../agent/frames.ts';
import type { NodeNumber } from '../core/keys.ts';

type SendAsk = (node: NodeNumber, frame: { readonly kind: 'file'; readonly request: string; readonly ask: FileAsk }) => boolean;

/**
 * Asks about a node's files that wait for its agent's answer. Bytes do not come this way: a `read` is answered here
 * only if it failed before a body was opened.
 */
export class NodeAsks {
  readonly #send: SendAsk;
  readonly #waiting = new Map<string, { readonly node: NodeNumber; readonly settle: (answer: FileAnswer) => void }>();

  constructor(send: SendAsk) {
    this.#send = send;
  }

  /**
   * Never rejects: a node that can't be reached, or does not answer before `signal` aborts, answers with the error
   * `NodeNotReady`.
   */
  ask(node: NodeNumber, request: string, ask: FileAsk, signal: AbortSignal): Promise<FileAnswer> {
    return new Promise((resolve) => {
      const settle = (answer: FileAnswer): void => {
        this.#waiting.delete(request);
        resolve(answer);
      };
      this.#waiting.set(request, { node, settle });
      signal.addEventListener('abort', () => settle(NOT_READY), { once: true });
      if (signal.aborted || !this.#send(node, { kind: 'file', request, ask })) settle(NOT_READY);
    });
  }

  answer(request: string, answer: FileAnswer): void {
    this.#waiting.get(request)?.settle(answer);
  }

  /** The node's channel is down. */
  abandon(node: NodeNumber): void {
    for (const waiting of this.#waiting.values()) if (waiting.node === node) waiting.settle(NOT_READY);
  }

  abandonAll(): void {
    for (const waiting of this.#waiting.values()) waiting.settle(NOT_READY);
  }
}

const NOT_READY: FileAnswer = { kind: 'error', code: 'NodeNotReady', message: 'The node cannot be reached now.' };

import type { FileAnswer, NodeAnswer } from '../agent/frames.ts';
import type { NodeNumber } from '../core/keys.ts';

/** Whether it went out; what keeps it here is an answer. */
type SendAsk<Ask, Answer> = (node: NodeNumber, request: string, ask: Ask) => 'sent' | Answer;

/**
 * Asks of one sort that wait for the answers of nodes' agents: about files, or of nodes themselves. Bytes do not come
 * this way: a `read` of a file is answered here only if it failed before a body was opened.
 */
export class NodeAsks<Ask, Answer> {
  readonly #send: SendAsk<Ask, Answer>;
  readonly #notReady: Answer;
  readonly #waiting = new Map<string, { readonly node: NodeNumber; readonly settle: (answer: Answer) => void }>();

  /** `notReady`: what stands for the answer of a node that can't be reached. */
  constructor(send: SendAsk<Ask, Answer>, notReady: Answer) {
    this.#send = send;
    this.#notReady = notReady;
  }

  /** Never rejects: a node that can't be reached, or does not answer before `signal` aborts, answers `notReady`. */
  ask(node: NodeNumber, request: string, ask: Ask, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve) => {
      const settle = (answer: Answer): void => {
        this.#waiting.delete(request);
        resolve(answer);
      };
      this.#waiting.set(request, { node, settle });
      signal.addEventListener('abort', () => settle(this.#notReady), { once: true });
      if (signal.aborted) return settle(this.#notReady);
      const sent = this.#send(node, request, ask);
      if (sent !== 'sent') settle(sent);
    });
  }

  answer(request: string, answer: Answer): void {
    this.#waiting.get(request)?.settle(answer);
  }

  /** The node's channel is down. */
  abandon(node: NodeNumber): void {
    for (const waiting of this.#waiting.values()) if (waiting.node === node) waiting.settle(this.#notReady);
  }

  abandonAll(): void {
    for (const waiting of this.#waiting.values()) waiting.settle(this.#notReady);
  }
}

const CANNOT_BE_REACHED = 'The node cannot be reached now.';
export const FILES_NOT_READY: FileAnswer = { kind: 'error', code: 'NodeNotReady', message: CANNOT_BE_REACHED };
export const NODE_NOT_READY: NodeAnswer = { kind: 'error', code: 'NodeNotReady', message: CANNOT_BE_REACHED };
export const UNKNOWN_ASK: NodeAnswer = { kind: 'error', code: 'UnknownAsk', message: 'The agent of this node is of an earlier version, which does not know this: reboot the node.' };

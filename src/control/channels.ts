import type { AgentFrame, NodeAsk, OwnerFrame } from '../agent/frames.ts';
import type { AgentReport, CoreEvent } from '../core/events.ts';
import type { NodeNumber } from '../core/keys.ts';
import type { AgentChannel } from '../ports.ts';

/** One connected agent. */
interface Connected {
  readonly channel: AgentChannel;
  readonly life: number;
  /** Kinds of asks that it knows, as its hello says. */
  answers: readonly string[];
  /**
   * The highest report number applied (null: none of this life yet, the first one seen sets it), and the highest whose
   * commit is done.
   */
  applied: number | null;
  acknowledged: number;
}

/**
 * The agents that are connected now, and which of their reports have been applied.
 * A node that connects again replaces its older channel; what the older one still delivers is dropped.
 */
export class Channels {
  readonly #byNode = new Map<NodeNumber, Connected>();
  /** Connected, with reports that have been applied and not been acknowledged: in most ticks of very few nodes. */
  readonly #owed = new Set<NodeNumber>();
  /** By node and life. Report numbers of a life outlast its channels, within this load of the account. */
  readonly #acknowledged = new Map<NodeNumber, Map<number, number>>();
  /** Numbers of the reports that were handed out. */
  readonly #sequences = new WeakMap<AgentReport, number>();

  open(node: NodeNumber, life: number, channel: AgentChannel): void {
    this.#byNode.get(node)?.channel.close('replaced by a newer connection');
    const acknowledged = this.#acknowledged.get(node)?.get(life);
    this.#owed.delete(node);
    this.#byNode.set(node, { channel, life, answers: [], applied: acknowledged ?? null, acknowledged: acknowledged ?? 0 });
  }

  isCurrent(node: NodeNumber, channel: AgentChannel): boolean {
    return this.#byNode.get(node)?.channel === channel;
  }

  /** What the agent's hello says that it answers. */
  learn(node: NodeNumber, answers: readonly string[]): void {
    const connected = this.#byNode.get(node);
    if (connected !== undefined) connected.answers = answers;
  }

  knows(node: NodeNumber, ask: NodeAsk['kind']): boolean {
    return this.#byNode.get(node)?.answers.includes(ask) ?? false;
  }

  get connected(): number {
    return this.#byNode.size;
  }

  has(node: NodeNumber): boolean {
    return this.#byNode.has(node);
  }

  /** Returns whether this was the node's current channel. */
  close(node: NodeNumber, channel: AgentChannel): boolean {
    if (!this.isCurrent(node, channel)) return false;
    this.#forgetChannel(node);
    return true;
  }

  acknowledged(node: NodeNumber): number {
    return this.#byNode.get(node)?.acknowledged ?? 0;
  }

  /** The reports of a frame that have not been applied yet, now counted as applied. */
  fresh(node: NodeNumber, frame: Extract<AgentFrame, { kind: 'reports' }>): readonly Exclude<AgentReport, { kind: 'hello' }>[] {
    const connected = this.#byNode.get(node);
    if (connected === undefined) return [];
    const last = frame.first + frame.reports.length - 1;
    connected.applied ??= frame.first - 1;
    // A gap means that reports were lost without the channel closing, which no transport of ours does: start over from
    // the acknowledged ones.
    if (frame.first > connected.applied + 1) {
      connected.channel.close(`reports ${connected.applied + 1} to ${frame.first - 1} are missing`);
      return [];
    }
    if (last <= connected.applied) return [];
    const fresh = frame.reports.slice(connected.applied + 1 - frame.first);
    for (const [index, report] of fresh.entries()) this.#sequences.set(report, connected.applied + 1 + index);
    connected.applied = last;
    this.#owed.add(node);
    return fresh;
  }

  /** The number of an agent's report in its life, 0 for a hello; -1: no agent said it. */
  sequenceOf(event: CoreEvent): number {
    if (event.kind !== 'agent') return -1;
    return event.report.kind === 'hello' ? 0 : (this.#sequences.get(event.report) ?? -1);
  }

  /** Up to which report of a node all have been applied. */
  applied(node: NodeNumber): number {
    return this.#byNode.get(node)?.applied ?? 0;
  }

  /**
   * Of the nodes that are owed an acknowledgement: up to which report all have been applied, but for those that still
   * wait.
   */
  marks(waiting: readonly CoreEvent[]): ReadonlyMap<NodeNumber, number> {
    const marks = new Map([...this.#owed].map((node) => [node, this.applied(node)]));
    for (const event of waiting) {
      const sequence = this.sequenceOf(event);
      if (event.kind === 'agent' && sequence > 0) marks.set(event.node, Math.min(marks.get(event.node) ?? 0, sequence - 1));
    }
    return marks;
  }

  /** After the commit of all that had been applied when `marks` were taken. */
  acknowledge(marks: ReadonlyMap<NodeNumber, number>, epoch: number): void {
    for (const [node, sequence] of marks) {
      const connected = this.#byNode.get(node);
      if (connected === undefined || sequence <= connected.acknowledged || sequence > (connected.applied ?? 0)) continue;
      connected.acknowledged = sequence;
      if (sequence === connected.applied) this.#owed.delete(node);
      const lives = this.#acknowledged.get(node) ?? new Map<number, number>();
      this.#acknowledged.set(node, lives.set(connected.life, sequence));
      connected.channel.send({ kind: 'acknowledge', epoch, sequence });
    }
  }

  send(node: NodeNumber, frame: OwnerFrame): boolean {
    const connected = this.#byNode.get(node);
    connected?.channel.send(frame);
    return connected !== undefined;
  }

  /** Everything not acknowledged will be repeated by the agents when they come back. */
  closeAll(reason: string): void {
    const all = [...this.#byNode.values()];
    this.#byNode.clear();
    this.#owed.clear();
    for (const { channel } of all) channel.close(reason);
  }

  forget(node: NodeNumber): void {
    this.#forgetChannel(node);
    this.#acknowledged.delete(node);
  }

  #forgetChannel(node: NodeNumber): void {
    this.#byNode.delete(node);
    this.#owed.delete(node);
  }
}

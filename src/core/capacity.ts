/** Slots a node has left when all that is committed to it (running and offered) has started; negative: offers will have to wait. */
export interface Spacious {
  free: number;
  /** Its place in the bucket; -1: takes no tasks now. */
  place: number;
}

/** The most slots a node can have (limits: task slots per node), and so the least `free` there can be: one task offered ahead on a full node. */
const MOST = 256;

/** The nodes of a pool that take tasks, in buckets by free slots: the roomiest or the tightest that fits is found without looking at the others. */
export class Capacity<Node extends Spacious> {
  readonly #buckets: Node[][] = Array.from({ length: 2 * MOST + 1 }, () => []);
  #top = -1;
  /** Sum of free slots over nodes that have any. */
  freeSlots = 0;
  /** Slots' worth of offers that wait for a slot. */
  waitingSlots = 0;

  add(node: Node): void {
    if (node.place !== -1) return;
    this.#put(node);
  }

  remove(node: Node): void {
    if (node.place === -1) return;
    this.#take(node);
    node.place = -1;
  }

  /** Changes what the node has free, wherever it is. */
  change(node: Node, by: number): void {
    const listed = node.place !== -1;
    if (listed) this.#take(node);
    node.free += by;
    if (listed) this.#put(node);
  }

  roomiest(): Node | null {
    while (this.#top >= 0) {
      const bucket = this.#buckets[this.#top];
      const node = bucket?.[bucket.length - 1];
      if (node !== undefined) return node;
      this.#top -= 1;
    }
    return null;
  }

  /** The node with the least room that still has `slots`. */
  tightest(slots: number): Node | null {
    for (let index = slots + MOST; index <= this.#top; index++) {
      const bucket = this.#buckets[index];
      const node = bucket?.[bucket.length - 1];
      if (node !== undefined) return node;
    }
    return null;
  }

  /** Nodes with offers that wait for a slot, those with most first. */
  *overcommitted(): Generator<Node> {
    if (this.waitingSlots === 0) return;
    for (let index = 0; index < MOST; index++) yield* this.#buckets[index] ?? [];
  }

  #put(node: Node): void {
    const index = Math.min(2 * MOST, Math.max(0, node.free + MOST));
    const bucket = this.#buckets[index];
    if (bucket === undefined) return;
    node.place = bucket.length;
    bucket.push(node);
    if (index > this.#top) this.#top = index;
    if (node.free > 0) this.freeSlots += node.free;
    else this.waitingSlots -= node.free;
  }

  #take(node: Node): void {
    const bucket = this.#buckets[Math.min(2 * MOST, Math.max(0, node.free + MOST))];
    const last = bucket?.pop();
    if (bucket !== undefined && last !== undefined && last !== node) {
      bucket[node.place] = last;
      last.place = node.place;
    }
    if (node.free > 0) this.freeSlots -= node.free;
    else this.waitingSlots += node.free;
  }
}

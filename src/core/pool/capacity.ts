/**
 * Slots a node has left when all that is committed to it (running and offered) has started; negative: offers will have
 * to wait.
 */
export interface Spacious {
  free: number;
  /** Its place in the bucket; -1: takes no tasks now. */
  place: number;
}

/**
 * The most slots a node can have (limits: task slots per node). One task offered ahead on a full node leaves it as many
 * below zero. Offers that are being taken back for others can leave it lower still: such nodes share the lowest bucket.
 */
const MOST = 256;

/**
 * The nodes of a pool that take tasks, in buckets by free slots: the emptiest, or the fullest that has room, is found
 * without looking at the others.
 */
export class Capacity<Node extends Spacious> {
  private readonly buckets: Node[][] = Array.from({ length: 2 * MOST + 1 }, () => []);
  private top = -1;
  /** Sum of free slots over nodes that have any. */
  freeSlots = 0;
  /** Slots' worth of offers that wait for a slot. */
  waitingSlots = 0;

  /** Does nothing if it takes tasks already. */
  add(node: Node): void {
    if (node.place !== -1) return;
    this.enter(node);
  }

  /** Does nothing if it takes none. */
  remove(node: Node): void {
    if (node.place === -1) return;
    this.leave(node);
    node.place = -1;
  }

  /** Changes what the node has free, wherever it is. */
  change(node: Node, by: number): void {
    const listed = node.place !== -1;
    if (listed) this.leave(node);
    node.free += by;
    if (listed) this.enter(node);
  }

  roomiest(): Node | null {
    while (this.top >= 0) {
      const bucket = this.buckets[this.top];
      const node = bucket?.[bucket.length - 1];
      if (node !== undefined) return node;
      this.top -= 1;
    }
    return null;
  }

  /**
   * The nodes that have at least `least` slots free, in order. A node may be given tasks while the walk goes on: from
   * the emptiest down it comes again where it then stands, and none is left out.
   */
  *candidates(order: 'emptiest' | 'fullest', least: number): Generator<Node, void> {
    const bottom = Math.max(0, least + MOST);
    if (order === 'fullest') for (let index = bottom; index <= this.top; index++) yield* this.bucket(index);
    else for (let index = this.top; index >= bottom; index--) yield* this.bucket(index);
  }

  /** From the end: what a removed node leaves is filled with one that has had its turn. */
  private *bucket(index: number): Generator<Node, void> {
    const bucket = this.bucketAt(index);
    for (let place = bucket.length - 1; place >= 0; place--) {
      const node = bucket[place];
      if (node !== undefined) yield node;
    }
  }

  /** Nodes with offers that wait for a slot, those with most first. */
  *overcommitted(): Generator<Node> {
    if (this.waitingSlots === 0) return;
    for (let index = 0; index < MOST; index++) yield* this.bucketAt(index);
  }

  private enter(node: Node): void {
    const index = indexOf(node);
    const bucket = this.bucketAt(index);
    node.place = bucket.length;
    bucket.push(node);
    if (index > this.top) this.top = index;
    if (node.free > 0) this.freeSlots += node.free;
    else this.waitingSlots -= node.free;
  }

  private leave(node: Node): void {
    const bucket = this.bucketAt(indexOf(node));
    if (bucket[node.place] !== node) throw new Error(`no node with ${node.free} slots free stands at place ${node.place}`);
    const last = bucket.pop();
    if (last !== undefined && last !== node) {
      bucket[node.place] = last;
      last.place = node.place;
    }
    if (node.free > 0) this.freeSlots -= node.free;
    else this.waitingSlots += node.free;
  }

  private bucketAt(index: number): Node[] {
    const bucket = this.buckets[index];
    if (bucket === undefined) throw new Error(`there is no bucket ${index}`);
    return bucket;
  }
}

function indexOf({ free }: Spacious): number {
  return Math.min(2 * MOST, Math.max(0, free + MOST));
}

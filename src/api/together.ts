/** Something that is asked for, as far as doing it together with others depends on it. */
export interface Portion {
  /** How much it is: of how many things, and of how many characters. */
  readonly count: number;
  readonly size: number;
  /** Aborted before it is begun: it is not done, and rejects with the reason. */
  readonly signal: AbortSignal;
}

/** As much is done at once, or one portion, however large. */
interface Bounds {
  readonly count: number;
  readonly size: number;
}

export interface TogetherOptions<Ask extends Portion, Answer> {
  readonly bounds: Bounds;
  /** Does these portions of one key, which stand together or fall together; an answer for each, in their order. */
  readonly work: (key: string, portions: readonly Ask[]) => Promise<readonly Answer[]>;
  /** Whether what `work` threw says that nothing was done, and that one portion may be to blame for all. */
  readonly maySucceedAlone: (error: unknown) => boolean;
}

interface Waiting<Ask, Answer> {
  readonly portion: Ask;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Does together what is asked for under the same key while the one before is under way, in the order in which it was
 * asked for. What is asked for while nothing is under way begins at once, with what the process has read of others in
 * the same turn of its event loop. Where all fail for one, each is tried alone, so that each gets its own answer.
 */
export class Together<Ask extends Portion, Answer> {
  readonly #options: TogetherOptions<Ask, Answer>;
  /** What waits, by key; there is a list as long as something of that key is under way. */
  readonly #waiting = new Map<string, Waiting<Ask, Answer>[]>();

  constructor(options: TogetherOptions<Ask, Answer>) {
    this.#options = options;
  }

  ask(key: string, portion: Ask): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const one = { portion, resolve, reject };
      const others = this.#waiting.get(key);
      if (others !== undefined) {
        others.push(one);
        return;
      }
      const waiting = [one];
      this.#waiting.set(key, waiting);
      setImmediate(() => void this.#workOff(key, waiting));
    });
  }

  async #workOff(key: string, waiting: Waiting<Ask, Answer>[]): Promise<void> {
    let begun = this.#begin(key, waiting);
    while (begun !== null) {
      const { group, outcome } = begun;
      const settle = await outcome;
      // The next ones are on their way while these are answered.
      begun = this.#begin(key, waiting);
      group.forEach(settle);
    }
    this.#waiting.delete(key);
  }

  /** Null: nothing waits. */
  #begin(key: string, waiting: Waiting<Ask, Answer>[]): { readonly group: readonly Waiting<Ask, Answer>[]; readonly outcome: Promise<Settle<Ask, Answer>> } | null {
    const group = takeNext(waiting, this.#options.bounds);
    return group.length === 0 ? null : { group, outcome: this.#do(key, group) };
  }

  /** Resolves with what tells each of the group its outcome. */
  async #do(key: string, group: readonly Waiting<Ask, Answer>[]): Promise<Settle<Ask, Answer>> {
    const { work, maySucceedAlone } = this.#options;
    try {
      const answers = await work(key, group.map(({ portion }) => portion));
      return (one, place) => {
        const answer = answers[place];
        if (answer === undefined) one.reject(new Error('what was done together has no answer for one'));
        else one.resolve(answer);
      };
    } catch (error) {
      if (group.length === 1 || !maySucceedAlone(error)) return ({ reject }) => reject(error);
    }
    const settles: Settle<Ask, Answer>[] = [];
    for (const one of group) settles.push(await this.#do(key, [one]));
    return (one, place) => settles[place]?.(one, 0);
  }
}

type Settle<Ask, Answer> = (one: Waiting<Ask, Answer>, place: number) => void;

/** Takes as much from the front as the bounds let, and at least one; nobody waits for what was aborted. */
function takeNext<Ask extends Portion, Answer>(waiting: Waiting<Ask, Answer>[], bounds: Bounds): readonly Waiting<Ask, Answer>[] {
  const group: Waiting<Ask, Answer>[] = [];
  let [taken, count, size] = [0, 0, 0];
  for (const one of waiting) {
    const { portion, reject } = one;
    if (portion.signal.aborted) reject(portion.signal.reason);
    else if (group.length > 0 && (count + portion.count > bounds.count || size + portion.size > bounds.size)) break;
    else {
      group.push(one);
      count += portion.count;
      size += portion.size;
    }
    taken += 1;
  }
  waiting.splice(0, taken);
  return group;
}

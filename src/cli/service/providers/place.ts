/** What is wrong with the file: its message begins with line and property. */
export class BadProviders extends Error {
  constructor(line: number, property: string, reason: string) {
    super(`line ${line}, ${property}: ${reason}`);
  }
}

/** A mapping of the file, of which each property is read once; what nobody has read is refused. */
export class Mapping {
  readonly line: number;
  /** Those that nobody has read yet. */
  readonly #left: Map<string, { readonly value: unknown; readonly line: number }>;
  readonly #lines: ReadonlyMap<string, number>;

  constructor(line: number, properties: Iterable<readonly [name: string, property: { readonly value: unknown; readonly line: number }]>) {
    this.line = line;
    this.#left = new Map(properties);
    this.#lines = new Map([...this.#left].map(([name, { line: at }]) => [name, at]));
  }

  /** @throws BadProviders when it is missing, or no text. */
  text(name: string): string {
    return this.optionalText(name) ?? this.#missing(name);
  }

  optionalText(name: string): string | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value === '') throw this.bad(name, 'it is a text.');
    return value;
  }

  /** A whole number within the bounds. */
  optionalNumber(name: string, bounds: { readonly least: number; readonly most: number }): number | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < bounds.least || value > bounds.most) throw this.bad(name, `it is a whole number from ${bounds.least} to ${bounds.most}.`);
    return value;
  }

  optionalFlag(name: string): boolean | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'boolean') throw this.bad(name, 'it is true or false.');
    return value;
  }

  optionalOneOf<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    const found = words.find((word) => word === value);
    if (found === undefined) throw this.bad(name, `it is one of ${words.join(', ')}.`);
    return found;
  }

  /** One text alone stands for a list of one. */
  optionalTexts(name: string): readonly string[] | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    const texts = list.filter((one): one is string => typeof one === 'string' && one !== '');
    if (texts.length !== list.length || texts.length === 0) throw this.bad(name, 'it is a text or a list of texts.');
    return texts;
  }

  /** Names with texts, as labels are. */
  optionalNamedTexts(name: string): Readonly<Record<string, string>> | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (!(value instanceof Mapping)) throw this.bad(name, 'it is a mapping of names to texts.');
    return Object.fromEntries([...value.names()].map((one) => [one, value.text(one)]));
  }

  optionalMapping(name: string): Mapping | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (!(value instanceof Mapping)) throw this.bad(name, 'it is a mapping of properties.');
    return value;
  }

  optionalMappings(name: string): readonly Mapping[] | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    const list: unknown[] = Array.isArray(value) ? value : [];
    const mappings = list.filter((one) => one instanceof Mapping);
    if (mappings.length !== list.length || mappings.length === 0) throw this.bad(name, 'it is a list, each item of which has properties.');
    return mappings;
  }

  /** Of what has not been read yet. */
  names(): readonly string[] {
    return [...this.#left.keys()];
  }

  /** @throws BadProviders for a property that nobody has asked for. */
  end(): void {
    const [left] = this.#left;
    if (left !== undefined) throw new BadProviders(left[1].line, left[0], 'there is no such property here.');
  }

  bad(name: string, reason: string): BadProviders {
    return new BadProviders(this.#lines.get(name) ?? this.line, name, reason);
  }

  #take(name: string): unknown {
    const property = this.#left.get(name);
    if (property === undefined) return undefined;
    this.#left.delete(name);
    return property.value ?? undefined;
  }

  #missing(name: string): never {
    throw this.bad(name, 'it is missing.');
  }
}

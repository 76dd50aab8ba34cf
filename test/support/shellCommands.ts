/** Simple commands of a script, as the words that a shell would give them; variables stay as they are written. */
export function shellCommands(script: string): readonly (readonly string[])[] {
  const found: string[][] = [];
  readList({ text: script, at: 0, heredocs: [] }, found, '');
  return found;
}

interface Reader {
  readonly text: string;
  at: number;
  /** Words that end what is read after the line. */
  readonly heredocs: string[];
}

/** Reads commands up to `until` (`)` of a substitution), or to the end. */
function readList(reader: Reader, found: string[][], until: string): void {
  let words: string[] = [];
  const end = (): void => {
    while (/^\w+=/.test(words[0] ?? '')) words.shift();
    if (words.length > 0) found.push(words);
    words = [];
  };
  for (;;) {
    skipBlanks(reader);
    const letter = reader.text[reader.at];
    if (letter === undefined || letter === until) {
      reader.at += 1;
      end();
      return;
    }
    if (letter === '#') skipTo(reader, '\n');
    else if (letter === '\n') {
      end();
      reader.at += 1;
      skipHeredocs(reader);
    } else if (/[;|&()]/.test(letter)) {
      end();
      reader.at += 1;
    } else if (/[<>]/.test(letter)) readRedirection(reader, found);
    else {
      const word = readWord(reader, found);
      // A number before a redirection belongs to it.
      if (!(/^\d$/.test(word) && /[<>]/.test(reader.text[reader.at] ?? ''))) words.push(word);
    }
  }
}

function skipBlanks(reader: Reader): void {
  while (/[ \t]/.test(reader.text[reader.at] ?? '') || reader.text.startsWith('\\\n', reader.at)) reader.at += reader.text[reader.at] === '\\' ? 2 : 1;
}

function skipTo(reader: Reader, end: string): void {
  const at = reader.text.indexOf(end, reader.at);
  reader.at = at === -1 ? reader.text.length : at;
}

function skipHeredocs(reader: Reader): void {
  for (let word = reader.heredocs.shift(); word !== undefined; word = reader.heredocs.shift()) {
    const at = reader.text.indexOf(`\n${word}\n`, reader.at - 1);
    if (at === -1) throw new Error(`the here-document up to ${word} has no end`);
    reader.at = at + word.length + 2;
  }
}

function readRedirection(reader: Reader, found: string[][]): void {
  const [operator = ''] = /^(<<-?|>>|>&|<&|[<>])/.exec(reader.text.slice(reader.at)) ?? [];
  reader.at += operator.length;
  skipBlanks(reader);
  const word = readWord(reader, found);
  if (operator.startsWith('<<')) reader.heredocs.push(word);
}

function readWord(reader: Reader, found: string[][]): string {
  let word = '';
  for (let letter = reader.text[reader.at]; letter !== undefined && !/[\s;|&()<>]/.test(letter); letter = reader.text[reader.at]) {
    if (letter === '\\') {
      word += reader.text[reader.at + 1] === '\n' ? '' : (reader.text[reader.at + 1] ?? '');
      reader.at += 2;
    } else if (letter === "'") {
      const from = reader.at + 1;
      reader.at = from;
      skipTo(reader, "'");
      word += reader.text.slice(from, reader.at);
      reader.at += 1;
    } else if (letter === '"') word += readQuoted(reader, found);
    else if (reader.text.startsWith('$(', reader.at)) word += readSubstitution(reader, found);
    else {
      word += letter;
      reader.at += 1;
    }
  }
  return word;
}

function readQuoted(reader: Reader, found: string[][]): string {
  let word = '';
  reader.at += 1;
  for (let letter = reader.text[reader.at]; letter !== '"'; letter = reader.text[reader.at]) {
    if (letter === undefined) throw new Error('a quotation has no end');
    if (letter === '\\') {
      word += reader.text[reader.at + 1] ?? '';
      reader.at += 2;
    } else if (reader.text.startsWith('$(', reader.at)) word += readSubstitution(reader, found);
    else {
      word += letter;
      reader.at += 1;
    }
  }
  reader.at += 1;
  return word;
}

function readSubstitution(reader: Reader, found: string[][]): string {
  const from = reader.at;
  reader.at += 2;
  readList(reader, found, ')');
  return reader.text.slice(from, reader.at);
}

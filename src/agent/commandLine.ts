/**
 * Splits a command line into program and arguments. Batch runs it without a shell (API reference, Task.commandLine);
 * which quoting its Linux agent knows is not documented, so these are the common rules (those of Python's shlex): white
 * space separates; 'single quotes' keep everything; "double quotes" keep everything but \" and \\; outside quotes a
 * backslash keeps the next character. Nothing is expanded. Returns null if a quote is never closed.
 */
export function splitCommandLine(line: string): readonly string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index);
    if (quote === null && isSpace(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (quote === null && (character === '"' || character === "'")) {
      quote = character;
      word ??= '';
    } else if (character === quote) {
      quote = null;
    } else if (character === '\\' && quote !== "'" && index + 1 < line.length && (quote === null || '"\\'.includes(line.charAt(index + 1)))) {
      index++;
      word = (word ?? '') + line.charAt(index);
    } else {
      word = (word ?? '') + character;
    }
  }
  if (quote !== null) return null;
  if (word !== null) words.push(word);
  return words;
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\n' || character === '\r';
}

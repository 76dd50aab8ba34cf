/** HTML that was made here; every other text is escaped where it is put in. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
/** Control characters, and those that turn the direction of text around. */
const UNSEEN = /[\p{Cc}\p{Bidi_Control}]/gu;
const ESCAPE = String.fromCharCode(0x1b);

/** A text as it is to be seen, whatever is in it. */
function escaped(text: string): string {
  const seen = text.replaceAll('\r\n', '\n').replace(UNSEEN, nameOf);
  return seen.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}

function nameOf(character: string): string {
  if (character === '\n' || character === '\t') return character;
  return character === ESCAPE ? '␛' : `⟨U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

/** A template: what stands in it is HTML, what is put in is text, or HTML that was made here. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | number | Html | readonly Html[])[]): Html {
  const shown = values.map((value) => {
    if (value instanceof Html) return value.text;
    return typeof value === 'string' || typeof value === 'number' ? escaped(String(value)) : value.map(({ text }) => text).join('');
  });
  return new Html(parts.map((part, place) => part + (shown[place] ?? '')).join(''));
}

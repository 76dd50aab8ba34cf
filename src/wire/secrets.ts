import type { PropertyRow, ShapeTable } from './shapes/definition.ts';
import { shapes } from './shapes/index.ts';
import { managementShapes } from './management/shapes/index.ts';

/** What stands for a value that is not shown. */
export const HIDDEN = '(hidden)';

/** Lists whose values may be secrets, which programs are given so. */
const SETTINGS: ReadonlySet<string> = new Set(['environmentSettings', 'commonEnvironmentSettings']);

/** Secrets that no shape has: of tokens (RFC 6749, 5.1), and of answers with the keys of an account. */
const OTHER_NAMES = ['access_token', 'refresh_token', 'id_token', 'client_secret', 'client_assertion', 'primary', 'secondary'];

/** Properties whose values are secrets, by the tables of both planes. */
export const SECRET_PROPERTIES: ReadonlySet<string> = new Set([...[shapes, managementShapes].flatMap(secretsOf), ...OTHER_NAMES]);

function secretsOf(table: ShapeTable): readonly string[] {
  return Object.values(table).flatMap((shape) => Object.entries<PropertyRow>(shape).flatMap(([name, { secret }]) => (secret === true ? [name] : [])));
}

/** How a secret looks in a text; its first group is what may stay. */
interface SecretForm {
  /** What its reader gets. */
  readonly what: string;
  readonly form: RegExp;
}

/** The signature of a link into storage, also of a link that is itself a value of a query. */
const SIGNATURE: SecretForm = { what: 'a shared access signature', form: /((?:[?&]|&amp;|%26|%3F)sig(?:=|%3D))[^&"'\s<>]+/i };

/** What of a text lets its reader into storage or an account. The first that fits names it. */
export const SECRET_FORMS: readonly SecretForm[] = [
  SIGNATURE,
  { what: 'the key of a storage account', form: /(AccountKey=)[\w+/=]{20,}/i },
  { what: 'a shared access key', form: /(SharedAccessKey=)[\w+/=]{20,}/i },
  { what: 'a private key', form: /()-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-]*-----END [A-Z ]*PRIVATE KEY-----)?/ },
  { what: 'a URL with a password', form: /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"']+:)[^\s/@"']+(?=@)/i },
  { what: 'a token', form: /()\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/ },
  { what: 'a signature of a request', form: /(SharedKey(?:Lite)?\s+[\w-]+:|MAC signature found in the HTTP request ')[\w+/]{20,}=*/i },
];

/** Links into storage without their signatures. */
export function withoutSignatures(text: string): string {
  return hideForm(text, SIGNATURE);
}

/** A text without all that looks like a secret. */
export function withoutSecretForms(text: string): string {
  return SECRET_FORMS.reduce(hideForm, text);
}

function hideForm(text: string, { form }: SecretForm): string {
  return text.replaceAll(new RegExp(form.source, `${form.flags}g`), `$1${HIDDEN}`);
}

/** Environment settings without their values; undefined: `key` names none. */
export function hiddenSettings(key: string, value: unknown): unknown[] | undefined {
  if (!SETTINGS.has(key) || !Array.isArray(value)) return undefined;
  return value.map((setting: unknown) => (typeof setting === 'object' && setting !== null && 'value' in setting ? { ...setting, value: HIDDEN } : setting));
}

import type { Sampler } from './context.ts';

/** How traces are sent: OpenTelemetry's usual environment variables, as far as they mean something here. */
export interface TraceSettings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: Sampler;
  /** Spans that wait at most, that go in one request, and for how long some are waited for. */
  readonly queue: number;
  readonly batch: number;
  readonly delayMs: number;
}

const SAMPLERS: Readonly<Record<string, { readonly isParentBased: boolean; readonly ratio: number | 'argument' }>> = {
  always_on: { isParentBased: false, ratio: 1 },
  always_off: { isParentBased: false, ratio: 0 },
  traceidratio: { isParentBased: false, ratio: 'argument' },
  parentbased_always_on: { isParentBased: true, ratio: 1 },
  parentbased_always_off: { isParentBased: true, ratio: 0 },
  parentbased_traceidratio: { isParentBased: true, ratio: 'argument' },
};

/** `warnings`: variables that say something else than can be done, each in a sentence; their defaults hold. */
export function readSettings(env: NodeJS.ProcessEnv): { readonly settings: TraceSettings; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const warn = (name: string, reason: string): void => void warnings.push(`${name} ${reason}`);
  const number = (names: readonly string[], fallback: number): number => {
    const name = names.find((one) => (env[one] ?? '') !== '');
    const text = name === undefined ? '' : (env[name] ?? '');
    if (name === undefined || /^[1-9]\d{0,8}$/.test(text)) return name === undefined ? fallback : Number(text);
    warn(name, `is no whole number above 0: ${fallback} holds`);
    return fallback;
  };
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] || env['OTEL_EXPORTER_OTLP_PROTOCOL'] || 'http/json';
  if (protocol !== 'http/json') warn('OTEL_EXPORTER_OTLP_PROTOCOL', `is ${protocol}, and http/json alone is spoken: a collector takes it at the port of HTTP, 4318`);
  const queue = number(['OTEL_BSP_MAX_QUEUE_SIZE'], 2_048);
  return {
    settings: {
      url: urlOf(env),
      headers: { ...pairs(env['OTEL_EXPORTER_OTLP_HEADERS']), ...pairs(env['OTEL_EXPORTER_OTLP_TRACES_HEADERS']) },
      timeoutMs: number(['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', 'OTEL_EXPORTER_OTLP_TIMEOUT'], 10_000),
      resource: { 'service.name': 'linarite', ...pairs(env['OTEL_RESOURCE_ATTRIBUTES']), ...(env['OTEL_SERVICE_NAME'] ? { 'service.name': env['OTEL_SERVICE_NAME'] } : {}) },
      sampler: samplerOf(env, warn),
      queue,
      batch: Math.min(queue, number(['OTEL_BSP_MAX_EXPORT_BATCH_SIZE'], 512)),
      delayMs: number(['OTEL_BSP_SCHEDULE_DELAY'], 5_000),
    },
    warnings,
  };
}

/** The one for traces is taken as it is; to the other the path is added. */
function urlOf({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint = '' }: NodeJS.ProcessEnv): string {
  return traces || `${endpoint.replace(/\/+$/, '')}/v1/traces`;
}

function samplerOf({ OTEL_TRACES_SAMPLER: name = '', OTEL_TRACES_SAMPLER_ARG: argument = '' }: NodeJS.ProcessEnv, warn: (name: string, reason: string) => void): Sampler {
  const known = SAMPLERS[name];
  if (name !== '' && known === undefined) warn('OTEL_TRACES_SAMPLER', `is not known here: parentbased_always_on holds, of ${Object.keys(SAMPLERS).join(', ')}`);
  const { isParentBased, ratio } = known ?? { isParentBased: true, ratio: 1 };
  if (ratio !== 'argument') return { isParentBased, ratio };
  const given = argument === '' ? 1 : Number(argument);
  if (given >= 0 && given <= 1) return { isParentBased, ratio: given };
  warn('OTEL_TRACES_SAMPLER_ARG', 'is no number from 0 to 1: 1 holds');
  return { isParentBased, ratio: 1 };
}

/** `name=value,name=value`, percent-encoded (W3C Baggage). */
function pairs(text = ''): Record<string, string> {
  const found = text.split(',').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at < 1 ? [] : [[pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())] as const];
  });
  return Object.fromEntries(found);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

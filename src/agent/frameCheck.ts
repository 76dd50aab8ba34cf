import { LIMITS } from '../wire/limits.ts';
import { NO_USAGE } from '../core/task/usage.ts';
import { type AgentFrame, MOST_JOBS } from './frames.ts';

/**
 * Whether what an agent sent is a frame of this protocol, down to the range of its numbers. Agents run where tasks run:
 * what they say must not be able to stop an owner, whatever a task made of its agent. What a frame means is judged by
 * the rules.
 */
export function isAgentFrame(value: unknown): value is AgentFrame {
  return isObject(value) &&
  ((value['kind'] === 'hello' && isWhole(value['protocol']) && isText(value['nodeId']) && isWhole(value['sequence']) && orMissing(isFlag)(value['archives']) && isAnswered(value['answers']) && isHello(value['report'])) ||
    (value['kind'] === 'reports' && isWhole(value['first']) && isListOf(isReport, REPORTS_MOST)(value['reports'])) ||
    (value['kind'] === 'measured' && isMeasure(value['measure'])) ||
    (value['kind'] === 'fileAnswer' && isText(value['request']) && isFileAnswer(value['answer'])) ||
    (value['kind'] === 'answer' && isText(value['request']) && isNodeAnswer(value['answer'])) ||
    (value['kind'] === 'archived' && isText(value['request']) && isArchived(value['archived'])));
}

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const REPORTS_MOST = 100_000;
const HELD_MOST = 100_000;
const FILES_MOST = 100_000;
const DETAILS_MOST = 100;
const TEXT_MOST = 1 << 20;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
const isText: Check = (value) => typeof value === 'string' && value.length <= TEXT_MOST;
const isFlag: Check = (value) => typeof value === 'boolean';
/** Counts, instants, numbers of rows. */
const isWhole: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
/** Exit codes are 32-bit on the wire and in the database. */
const isExitCode: Check = (value) => Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31;
const isCount: Check = (value) => isWhole(value) && isExitCode(value);
function orNull(check: Check): Check {
  return (value) =>
    value === null || check(value);
}
function orMissing(check: Check): Check {
  return (value) =>
    value === undefined || check(value);
}
function isListOf(check: Check, most: number): Check {
  return (value) =>
    Array.isArray(value) && value.length <= most && value.every(check);
}
function isOneOf(...words: readonly string[]): Check {
  return (value) =>
    typeof value === 'string' && words.includes(value);
}
function has(fields: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(fields);
  return (value) =>
    isObject(value) && checks.every(([name, check]) => check(value[name]));
}
function byKind(kinds: Readonly<Record<string, Check>>): Check {
  return (value) => {
    const kind = isObject(value) ? value['kind'] : undefined;
    return typeof kind === 'string' && Object.hasOwn(kinds, kind) && kinds[kind]?.(value) === true;
  };
}

const isKey = has({ job: isWhole, task: isWhole, attempt: isCount, instance: isCount });
const isJobTaskKey = has({ job: isWhole, kind: isOneOf('preparation', 'release'), attempt: isCount });
const isNameValue = has({ name: isText, value: isText });
const isFailure: Check = (value) =>
  has({ category: isOneOf('UserError', 'ServerError'), code: isText, message: isText })(value) &&
  isObject(value) &&
  (value['details'] === undefined || isListOf(isNameValue, DETAILS_MOST)(value['details']));
const isContainer = orMissing(has({ containerId: isText, state: isText, error: isText }));
const isStartTask = has({
  state: isOneOf('running', 'completed'),
  startedAt: isWhole,
  endedAt: orNull(isWhole),
  exitCode: orNull(isExitCode),
  failure: orNull(isFailure),
  retryCount: isCount,
  lastRetryAt: orNull(isWhole),
  result: orNull(isOneOf('success', 'failure')),
  container: isContainer,
});
/** See TaskUsage. */
const isUsed = orMissing((value) => Array.isArray(value) && value.length === NO_USAGE.length && value.every(isWhole));
const isSteps = orMissing(has({ beforeMs: isWhole, afterMs: isWhole }));
const isOutcome = byKind({
  exited: has({ exitCode: isExitCode, failure: orMissing(isFailure), container: isContainer, used: isUsed, steps: isSteps }),
  notStarted: has({ failure: isFailure, container: isContainer, used: isUsed, steps: isSteps }),
  uploadFailed: has({ exitCode: isExitCode, failure: isFailure, container: isContainer, used: isUsed, steps: isSteps }),
  timedOut: has({ exitCode: orNull(isExitCode), container: isContainer, used: isUsed, steps: isSteps }),
  killed: has({ exitCode: orNull(isExitCode), reason: orMissing(isOneOf('terminate', 'requeue', 'outranked', 'preempted', 'stale')), container: isContainer, used: isUsed, steps: isSteps }),
  lost: has({ used: isUsed, steps: isSteps }),
});
const isOfferHeld = has({ key: isKey, state: isOneOf('offered') });
const isStartHeld = has({ key: isKey, state: isOneOf('started'), startedAt: isWhole, coordinated: orMissing(isFlag) });
const isHeld: Check = (value) => isOfferHeld(value) || isStartHeld(value);
/** As many as a pool can name. */
const CERTIFICATES_MOST = 12;
const isCertificates = orMissing(isListOf(has({ thumbprint: isText, visibility: isListOf(isText, CERTIFICATES_MOST) }), CERTIFICATES_MOST));
const isPort: Check = (value) => isWhole(value) && Number(value) < 65_536;
const isEndpoints = orMissing(
  isListOf(has({ name: isText, protocol: orMissing(isOneOf('udp')), index: isWhole, publicAddress: isText, publicName: isText, frontendPort: isPort, backendPort: isPort }), LIMITS.natPools),
);
const isHello = has({
  kind: isOneOf('hello'),
  life: isCount,
  version: isText,
  ipAddress: isText,
  held: isListOf(isHeld, HELD_MOST),
  jobs: orMissing(isListOf(isWhole, MOST_JOBS)),
  cores: orMissing(isCount),
  startTask: orNull(isStartTask),
  ready: isFlag,
  certificates: isCertificates,
  endpoints: isEndpoints,
});
const isErrors = has({ errors: isListOf(has({ code: isText, message: isText, values: orMissing(isListOf(isNameValue, DETAILS_MOST)) }), DETAILS_MOST) });
const isReport = byKind({
  startTask: has({ status: isStartTask }),
  ready: has({ certificates: isCertificates, endpoints: isEndpoints }),
  unusable: isErrors,
  letGo: isObject,
  notice: isErrors,
  preparing: has({ key: isKey, at: isWhole }),
  jobTask: has({ key: isJobTaskKey, status: orNull(isStartTask) }),
  started: has({ key: isKey, at: isWhole }),
  coordinated: has({ key: isKey }),
  ended: has({ end: has({ key: isKey, startedAt: orNull(isWhole), endedAt: isWhole, outcome: isOutcome }) }),
  revoked: has({ key: isKey }),
});
/** Sums of them stay numbers, and no agent can have a pool seem to be measured for ages. */
const LONGEST_MEASURE_MS = 24 * 3_600_000;
const AMOUNT_MOST = 2 ** 60;
const isAmount: Check = (value) => Number.isFinite(value) && Number(value) >= 0 && Number(value) <= AMOUNT_MOST;
const isMeasure = has({
  overMs: (value) => isAmount(value) && Number(value) > 0 && Number(value) <= LONGEST_MEASURE_MS,
  cpu: orMissing(has({ ms: isAmount, cores: (value) => isAmount(value) && Number(value) > 0 })),
  memoryBytes: orMissing(isAmount),
  diskBytes: orMissing(isAmount),
  io: orMissing(has({ readBytes: isAmount, writeBytes: isAmount, readOps: isAmount, writeOps: isAmount })),
  network: orMissing(has({ inBytes: isAmount, outBytes: isAmount })),
});
/** File systems have fractions of milliseconds, and files from before 1970. */
const isTime: Check = (value) => Number.isFinite(value);
const isFile = has({ name: isText, isDirectory: isFlag, sizeBytes: isWhole, modifiedAt: isTime, createdAt: orNull(isTime), mode: isText });
const isFileAnswer = byKind({
  list: has({ files: isListOf(isFile, FILES_MOST), more: isFlag }),
  properties: has({ file: isFile }),
  deleted: isObject,
  uploaded: has({ files: isCount }),
  error: has({ code: isText, message: isText }),
});
const isArchivedFile = has({ name: isText, start: isWhole, sizeBytes: isWhole, leftOutBytes: isWhole, modifiedAt: isTime, mode: isText });
const isArchivedTask = has({ job: isWhole, task: isWhole, attempt: isCount, dueAt: orNull(isWhole), files: isListOf(isArchivedFile, FILES_MOST) });
const isArchived = has({ tasks: isListOf(isArchivedTask, REPORTS_MOST), sizeBytes: isWhole, more: isFlag, problem: orMissing(isText) });
/** Later versions keep more. */
const MEASURES_MOST = 10_000;
/** Later versions know more. */
const ASKS_MOST = 100;
const isAnswered = orMissing(isListOf(isText, ASKS_MOST));
const isNodeAnswer = byKind({
  done: isObject,
  remoteLogin: has({ address: isText, port: isPort, hostKey: isText }),
  usage: has({ measures: isListOf(has({ at: isWhole, measure: isMeasure }), MEASURES_MOST), running: isListOf(has({ job: isWhole, task: isWhole }), HELD_MOST) }),
  clock: has({ nextAt: orNull(isWhole), sequence: isWhole }),
  error: has({ code: isText, message: isText }),
});

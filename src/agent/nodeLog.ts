import type { NameValue, StartTaskStatus } from '../core/status.ts';
import { say } from './log.ts';
import type { Report, Reports } from './reports.ts';

/** The outbox; what it hears of the node itself stands in the agent's log as well. Of tasks nothing does. */
export function logged(reports: Reports): Reports {
  return {
    ...reports,
    get sequence() {
      return reports.sequence;
    },
    get unacknowledged() {
      return reports.unacknowledged;
    },
    add: (report) => {
      const line = lineOf(report);
      if (line !== null) say(line);
      reports.add(report);
    },
  };
}

function lineOf(report: Report): string | null {
  switch (report.kind) {
    case 'ready':
      return 'the node is ready';
    case 'unusable':
    case 'notice':
      return `the node ${report.kind === 'unusable' ? 'is unusable' : 'works, and has to say'}: ${report.errors.map(({ code, values }) => why(code, values)).join(', ') || 'nothing'}`;
    case 'startTask':
      return `the start task ${endOf(report.status)}, retries: ${report.status.retryCount}`;
    default:
      return null;
  }
}

function endOf({ state, exitCode, failure }: StartTaskStatus): string {
  if (state === 'running') return 'runs';
  const ends = [...(exitCode === null ? [] : [`exit code ${exitCode}`]), ...(failure === null ? [] : [why(failure.code, failure.details)])];
  return `has ended with ${ends.join(', ')}`;
}

/** `ApplicationPackageError (ApplicationId blender, Message …)`, on one line. */
function why(code: string, details: readonly NameValue[] = []): string {
  const told = details.map(({ name, value }) => `${name} ${value.replaceAll(/\s+/g, ' ').trim()}`);
  return told.length === 0 ? code : `${code} (${told.join(', ')})`;
}

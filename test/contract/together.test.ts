import { afterAll, beforeAll, expect, test } from 'vitest';
import { operations, type OperationId } from '../../src/wire/operations.ts';
import { API_VERSIONS } from '../../src/wire/versions.ts';
import { testApi, type Got, type Sent, type TestApi } from '../api/support.ts';
import { FILES, nodeRequests, requestOf, sessionOf, type Step } from './scenario.ts';

let it: TestApi;
beforeAll(async () => {
  it = await testApi({ files: FILES, nodeRequests: nodeRequests() });
});
afterAll(() => it.close());

/** What the later of two equal requests is told where the earlier leaves it nothing to do; elsewhere both succeed. */
const LATER: Partial<Readonly<Record<OperationId, string>>> = {
  Pool_Add: 'PoolExists',
  Pool_Resize: 'PoolBeingResized',
  Pool_EnableAutoScale: 'TooManyEnableAutoScaleRequests',
  Pool_RemoveNodes: 'PoolBeingResized',
  Pool_UpgradeOS: 'PoolVersionEqualsUpgradeVersion',
  Pool_Delete: 'PoolBeingDeleted',
  ComputeNode_AddUser: 'NodeUserExists',
  ComputeNode_DeleteUser: 'NodeUserNotFound',
  ComputeNode_DisableScheduling: 'NodeAlreadyInTargetSchedulingState',
  ComputeNode_EnableScheduling: 'NodeAlreadyInTargetSchedulingState',
  ComputeNode_Reboot: 'NodeBeingRebooted',
  ComputeNode_Reimage: 'NodeBeingReimaged',
  ComputeNode_Deallocate: 'OperationInvalidForCurrentState',
  ComputeNode_Start: 'NodeBeingStarted',
  Job_Add: 'JobExists',
  Job_Terminate: 'JobBeingTerminated',
  Job_Delete: 'JobBeingDeleted',
  JobSchedule_Add: 'JobScheduleExists',
  JobSchedule_Terminate: 'JobScheduleBeingTerminated',
  JobSchedule_Delete: 'JobScheduleBeingDeleted',
  Task_Add: 'TaskExists',
  Task_Reactivate: 'TaskNotCompleted',
  Task_Delete: 'TaskNotFound',
  Certificate_Add: 'CertificateExists',
  Certificate_Delete: 'CertificateBeingDeleted',
  Certificate_CancelDeletion: 'CertificateStateActive',
};

/** In the newest version that has the operation and its body. */
function newestOf(step: Step): Sent {
  const until = step.body !== undefined && 'cloudServiceConfiguration' in step.body ? 19 : (operations.find(({ id }) => id === step.operation)?.until ?? Infinity);
  const version = API_VERSIONS.findLast(({ revision }) => revision <= until);
  if (version === undefined) throw new Error(`no version has ${step.operation}`);
  return requestOf(step, version.text, version.revision);
}

/** An answer without what tells one request, or one change, from the next. */
function shown({ status, text }: Got): string {
  return `${status} ${text.replaceAll(/\\nRequestId:[^"]*|"(eTag|lastModified|virtualDirectoryName)":"[^"]*",?/g, '')}`;
}

test('two equal requests at once leave behind what one leaves; the later is told so where it finds nothing to do', async () => {
  const alone: string[] = [];
  for (const step of sessionOf(it)) {
    await step.before?.();
    alone.push(shown(await it.ask(newestOf(step))));
  }
  await it.clear();

  const told: Partial<Record<OperationId, string>> = {};
  for (const [place, step] of sessionOf(it).entries()) {
    await step.before?.();
    const sent = newestOf(step);
    const answers = await Promise.all([it.ask(sent), it.ask(sent)]);
    const expected = alone[place];
    const earlier = answers.findIndex((answer) => shown(answer) === expected);
    expect(earlier === -1 ? answers.map(shown) : expected, `step ${place}, ${step.operation}`).toEqual(expected);
    const later = answers[1 - earlier];
    if (later !== undefined && later.status !== answers[earlier]?.status) told[step.operation] = later.json.code;
  }
  expect(told).toEqual(LATER);
});

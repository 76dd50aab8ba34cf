import type { Schedule } from '../../client/batch.ts';
import { go } from '../../client/place.ts';
import { act, pathOf } from '../../client/request.ts';
import { showDialog } from '../../parts/Dialog.tsx';
import type { MenuItem } from '../../parts/Menu.tsx';
import { atOnce } from '../../parts/toasts.tsx';
import { changeSchedule } from './change.tsx';

/** What can be done with a schedule as it is: small things first. */
export function scheduleActions(schedule: Schedule): { readonly able: MenuItem | undefined; readonly others: readonly MenuItem[] } {
  const { id, state } = schedule;
  const path = pathOf('jobschedules', id);
  const enable = (): Promise<void> => act(`${path}/enable`, {});
  const disable = (): Promise<void> => act(`${path}/disable`, {});
  const isOpen = state === 'active' || state === 'disabled';
  const able = state === 'disabled' ? { word: 'Enable', act: () => atOnce(`${id} is enabled`, enable, { word: 'Disable', act: disable }) } : state === 'active' ? { word: 'Disable', act: () => atOnce(`${id} is disabled: the job that is active goes on`, disable, { word: 'Enable', act: enable }) } : undefined;
  const others: MenuItem[] = isOpen
    ? [
        { word: 'Change…', act: () => changeSchedule(schedule) },
        {
          word: 'Terminate…',
          danger: true,
          act: () => showDialog({ title: `Terminate ${id}?`, verb: 'Terminate', danger: true, body: <p>It makes no more jobs; the one that is active is ended.</p>, act: async () => {
            await act(`${path}/terminate`, {});
            return `${id} ends`;
          } }),
        },
      ]
    : [];
  const remove = {
    word: 'Delete…',
    danger: true,
    act: () => showDialog({ title: `Delete ${id}?`, verb: 'Delete', danger: true, typed: id, body: <p>The schedule and all jobs that it has made, with their tasks and files on nodes, are gone for good.</p>, act: async () => {
      await act(path, { method: 'DELETE' });
      go('#/schedules');
      return `${id} is being deleted`;
    } }),
  };
  return { able, others: [...others, remove] };
}

import { route } from '../../client/place.ts';
import { Head } from '../../parts/Head.tsx';
import { EventList } from './EventList.tsx';

const OBJECTS = ['pool', 'node', 'job', 'task'];

export function Events() {
  const query = Object.fromEntries(Object.entries(route.value.query).filter(([name]) => OBJECTS.includes(name)));
  const of = Object.values(query).join(' ');
  return (
    <>
      <Head title={of === '' ? 'Events' : `Events of ${of}`} />
      <EventList query={query} />
    </>
  );
}

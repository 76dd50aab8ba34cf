import { route } from '../client/place.ts';
import { to } from '../routes/route.ts';

export interface Tab {
  readonly id: string;
  readonly word: string;
  readonly note?: string | undefined;
}

/** Which tab the address names; the first when it names none. */
export function currentTab(tabs: readonly Tab[]): string {
  const asked = route.value.query['tab'];
  return tabs.find(({ id }) => id === asked)?.id ?? tabs[0]?.id ?? '';
}

/** Links: tabs are places, that can be opened beside and sent to others. */
export function Tabs({ tabs }: { readonly tabs: readonly Tab[] }) {
  const current = currentTab(tabs);
  const { path } = route.value;
  return (
    <nav class="tabs" aria-label="Sections">
      {tabs.map(({ id, word, note }, index) => (
        <a key={id} href={to(path, index === 0 ? {} : { tab: id })} aria-current={id === current ? 'page' : undefined}>
          {word}
          {note === undefined ? null : <span>{note}</span>}
        </a>
      ))}
    </nav>
  );
}

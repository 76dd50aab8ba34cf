import { light, now } from '../client/live.ts';
import { route } from '../client/place.ts';
import { who } from '../client/session.ts';
import { dark, theme, zone } from '../client/settings.ts';
import { Icon } from '../parts/Icon.tsx';
import { Name } from '../parts/text.tsx';
import { hashOf } from '../routes/route.ts';
import { zoneName } from '../text/format.ts';
import { MAIN_PLACES, PLACES, type Place } from './navigation.ts';
import { Search } from './Search.tsx';

function isHere({ id }: Place): boolean {
  return (route.value.path[0] ?? '') === id;
}

export function TopBar() {
  return (
    <header class="top">
      <a
        class="skip"
        href={hashOf(route.value)}
        onClick={(event) => {
          event.preventDefault();
          document.querySelector<HTMLElement>('main')?.focus();
        }}
      >
        To the content
      </a>
      <a class="brand" href="#/" aria-label="Linarite, overview">
        <Icon name="mark" size="lg" />
        <span>Linarite</span>
      </a>
      <nav aria-label="Main">
        {PLACES.map((place) => (
          <a key={place.id} href={place.href} aria-current={isHere(place) ? 'page' : undefined}>
            {place.word}
          </a>
        ))}
      </nav>
      <Search />
      <div class="tools">
        <LiveLight />
        <button type="button" class="tool zone" title="Local time or UTC" aria-label={`Time zone: ${zoneName(now.value, zone.value)}`} onClick={() => (zone.value = zone.value === 'utc' ? 'local' : 'utc')}>
          {zoneName(now.value, zone.value)}
        </button>
        <button type="button" class="tool" aria-label={dark.value ? 'Light theme' : 'Dark theme'} title={dark.value ? 'Light theme' : 'Dark theme'} onClick={() => (theme.value = dark.value ? 'light' : 'dark')}>
          <Icon name={dark.value ? 'sun' : 'moon'} />
        </button>
        <Account />
      </div>
    </header>
  );
}

function Account() {
  const { account = '', role = '' } = who.value ?? {};
  return (
    <a class="tool" href="#/settings" title="Settings and sessions">
      <span class="unseen">Settings and sessions of</span>
      <span class="account-name">
        <Name most={24}>{account}</Name>
      </span>
      <span class="role">{role}</span>
    </a>
  );
}

/** Whether what is on the screen is what is so now. */
function LiveLight() {
  const state = light.value;
  const words = state.kind === 'live' ? 'Live' : `Not connected for ${Math.max(1, Math.round(state.sinceMs / 1000))} s`;
  return (
    <span class={`light ${state.kind}`} role="status" title={words} aria-label={words}>
      {words}
    </span>
  );
}

export function BottomBar() {
  return (
    <nav class="bottom" aria-label="Main, below">
      {MAIN_PLACES.map((place) => (
        <a key={place.id} href={place.href} aria-current={isHere(place) ? 'page' : undefined}>
          <Icon name={place.icon} size="md" />
          {place.word}
        </a>
      ))}
    </nav>
  );
}

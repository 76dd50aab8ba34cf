import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { listenToEvents } from '../client/events.ts';
import { route } from '../client/place.ts';
import { who } from '../client/session.ts';
import { Empty } from '../parts/Card.tsx';
import { Dialogs } from '../parts/Dialog.tsx';
import { Toasts } from '../parts/toasts.tsx';
import { Help } from './Help.tsx';
import { SignIn } from './SignIn.tsx';
import { BottomBar, TopBar } from './TopBar.tsx';
import { viewOf, type ViewProps } from './views.ts';

export function App() {
  const isSignedIn = Boolean(who.value);
  useEffect(() => {
    if (isSignedIn) listenToEvents();
  }, [isSignedIn]);
  if (who.value === undefined) return <main id="main" aria-busy="true" />;
  if (who.value === null) return <SignIn />;
  return (
    <>
      <TopBar />
      <View />
      <BottomBar />
      <Toasts />
      <Dialogs />
      <Help />
    </>
  );
}

/** The view of the address; loaded when it is first looked at. */
function View() {
  const { path } = route.value;
  const found = viewOf(path);
  const [loaded, setLoaded] = useState<{ readonly of: string; readonly view: ComponentType<ViewProps> }>();
  const main = useRef<HTMLElement>(null);
  const place = path.join('/');
  const name = found?.name ?? '';
  useEffect(() => {
    let wanted = true;
    void found?.load().then((view) => {
      if (wanted) setLoaded({ of: name, view });
    });
    return () => {
      wanted = false;
    };
  }, [name]);
  useEffect(() => {
    document.title = path.length === 0 ? 'Linarite' : `${path.at(-1) ?? ''} · Linarite`;
    window.scrollTo(0, 0);
  }, [place]);
  return (
    <main id="main" ref={main} tabIndex={-1}>
      {found === undefined ? <Empty>There is no such place on this page.</Empty> : loaded?.of === name ? <loaded.view key={place} ids={found.ids} /> : null}
    </main>
  );
}

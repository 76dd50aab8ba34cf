import { render } from 'preact';
import './styles/tokens.css';
import './styles/base.css';
import './styles/frame.css';
import './styles/parts.css';
import './styles/views.css';
import { followAddress, route } from './client/place.ts';
import { startBeating } from './client/live.ts';
import { notSignedIn, resume, signInByLink } from './client/session.ts';
import { applyTheme } from './client/settings.ts';
import { App } from './frame/App.tsx';
import { listenForKeys } from './frame/keys.ts';
import { HOME, hashOf } from './routes/route.ts';

/** Signs in by the link that was opened, if one was: its secret leaves the address at once. */
async function begin(): Promise<void> {
  const [first, link] = route.value.path;
  if (first !== 'signin') return resume();
  history.replaceState(null, '', hashOf(HOME));
  route.value = HOME;
  try {
    await signInByLink(link ?? '');
  } catch {
    notSignedIn.value = 'The link has been used, or is older than two minutes.';
    await resume();
  }
}

applyTheme();
followAddress();
listenForKeys();
startBeating();
render(<App />, document.body);
void begin();
// A link that is opened in a page that is open already.
window.addEventListener('hashchange', () => {
  if (route.value.path[0] === 'signin') void begin();
});

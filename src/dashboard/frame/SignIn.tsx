import { useState } from 'preact/hooks';
import { ServiceError } from '../client/failure.ts';
import { notSignedIn, signInByKey } from '../client/session.ts';
import { Fault } from '../parts/Card.tsx';
import { Icon } from '../parts/Icon.tsx';

/** For whoever is not signed in. */
export function SignIn() {
  const [error, setError] = useState<ServiceError>();
  const [busy, setBusy] = useState(false);

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const form = new FormData(event.currentTarget);
    setBusy(true);
    signInByKey(String(form.get('account')), String(form.get('key'))).catch((failure: unknown) => {
      setBusy(false);
      if (failure instanceof ServiceError) setError(failure);
    });
  }

  return (
    <main id="main">
      <section class="card signin" aria-labelledby="signin-title">
        <div class="brand">
          <Icon name="mark" size="lg" /> Linarite
        </div>
        <h1 id="signin-title" class="unseen">
          Sign in
        </h1>
        {notSignedIn.value === null ? null : (
          <p role="alert" class="strong">
            {notSignedIn.value}
          </p>
        )}
        <p>
          Open the link that <code>linarite open</code> prints; it signs this browser in, once, within two minutes.
        </p>
        <form class="stack" onSubmit={submit}>
          <p class="soft">Or with a key of the account, which is used once and kept nowhere:</p>
          <label class="field">
            <span>Account</span>
            <input name="account" autocomplete="username" required />
          </label>
          <label class="field">
            <span>Key</span>
            <input name="key" type="password" autocomplete="off" required />
          </label>
          {error === undefined ? null : <Fault error={error} />}
          <div>
            <button type="submit" class="btn pri" disabled={busy}>
              Sign in
            </button>
          </div>
        </form>
      </section>
    </main>
  );
}

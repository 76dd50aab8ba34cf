import { createHash } from 'node:crypto';
import type { Answer } from '../../answer.ts';
import { escapeHtml } from '../../html.ts';
import type { ReturnAddress } from './authorizeRequest.ts';

const STYLE = 'body{font:16px/1.5 system-ui,sans-serif;max-width:26em;margin:4em auto;padding:0 1em}code{background:#8882;padding:.1em .3em;overflow-wrap:anywhere}label{display:block;margin:1em 0}input{display:block;box-sizing:border-box;width:100%;font:inherit;padding:.4em}button{font:inherit;padding:.4em 1.2em;margin-right:.6em}.wrong{color:#b00}';
/** Where scripts do not run, the person sends the form. */
const SEND = 'document.forms[0].submit()';

interface Page {
  readonly title: string;
  readonly body: string;
  /** Where its form leads beside this service. */
  readonly leadsTo?: string | undefined;
  readonly status?: number;
  readonly script?: string;
}

/** A page that loads nothing, is in nobody's frame, and leads nowhere else. */
function page({ title, body, leadsTo, status = 200, script }: Page): Answer {
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(STYLE)}'`,
    ...(script === undefined ? [] : [`script-src '${hashOf(script)}'`]),
    // A browser holds what a form is redirected to against this as well.
    `form-action 'self'${leadsTo === undefined ? '' : ` ${new URL(leadsTo).origin}`}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title><meta name="viewport" content="width=device-width"><style>${STYLE}</style></head>
<body><main>
<h1>${title}</h1>
${body}
</main>${script === undefined ? '' : `<script>${script}</script>`}</body>
</html>
`;
  return { status, headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy, 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' }, body: html };
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** What was entered wrongly, as a sentence; null: nothing was. */
type Wrong = string | null;

function credentials(user: string): string {
  return `<label>User name<input name="username" autocomplete="username" value="${escapeHtml(user)}" required></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required autofocus></label>`;
}

const PASSWORD_HINT = '<p>The password is the operator’s secret: <code>linarite env --service-principal</code> prints it.</p>';

/** The form is sent to where the page is: what the application asks for stays in the address. */
export function signInPage({ application, leadsTo, user, wrong }: { readonly application: string; readonly leadsTo: string; readonly user: string; readonly wrong: Wrong }): Answer {
  const body = `<p>The application <code>${escapeHtml(application)}</code> at <code>${escapeHtml(new URL(leadsTo).origin)}</code> of this machine wants to act for you.</p>
<form method="post">
${sayWrong(wrong)}${credentials(user)}
<button name="answer" value="signIn">Sign in</button><button name="answer" value="cancel" formnovalidate>Cancel</button>
</form>
${PASSWORD_HINT}`;
  return page({ title: 'Sign in to Linarite', body, leadsTo });
}

/** Where the code of a sign-in on another device is entered. */
export function devicePage({ code, user, wrong }: { readonly code: string; readonly user: string; readonly wrong: Wrong }): Answer {
  const body = `<p>Enter the code that the program shows which is to act for you.</p>
<form method="post">
${sayWrong(wrong)}<label>Code<input name="code" autocomplete="off" value="${escapeHtml(code)}" required></label>
${credentials(user)}
<button>Sign in</button>
</form>
${PASSWORD_HINT}`;
  return page({ title: 'Sign in to Linarite', body });
}

function sayWrong(wrong: Wrong): string {
  return wrong === null ? '' : `<p class="wrong" role="alert">${escapeHtml(wrong)}</p>\n`;
}

export function messagePage({ title, text, status = 200 }: { readonly title: string; readonly text: string; readonly status?: number }): Answer {
  return page({ title, body: `<p>${escapeHtml(text)}</p>`, status });
}

/** Takes the answer to the application, in the way that it asked for. */
export function returned({ redirectUri, mode, state }: ReturnAddress, answer: Readonly<Record<string, string>>): Answer {
  const parameters = new URLSearchParams({ ...answer, ...(state === undefined ? {} : { state }) });
  const url = new URL(redirectUri);
  switch (mode) {
    case 'query':
      for (const [name, value] of parameters) url.searchParams.append(name, value);
      return redirected(url);
    case 'fragment':
      url.hash = parameters.toString();
      return redirected(url);
    case 'form_post': {
      const fields = [...parameters].map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`);
      return page({ title: 'Back to the application', body: `<form method="post" action="${escapeHtml(redirectUri)}">${fields.join('')}<button>Continue</button></form>`, leadsTo: redirectUri, script: SEND });
    }
  }
}

function redirected(url: URL): Answer {
  return { status: 302, headers: { location: url.href, 'referrer-policy': 'no-referrer' }, body: null };
}

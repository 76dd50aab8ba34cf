/** The page at `/` for browsers: which service answers here and how to reach it with a client. */
export function frontPage(accounts: readonly string[]): string {
  const names = accounts.map((name) => `<code>${escapeHtml(name)}</code>`).join(', ');
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Linarite</title><meta name="viewport" content="width=device-width">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:4em auto;padding:0 1em}code{background:#8882;padding:.1em .3em}</style></head>
<body>
<h1>Linarite</h1>
<p>This address serves the Azure Batch API for ${names === '' ? 'no account' : `account ${names}`}. Requests need a shared key: <code>linarite env</code> prints it, together with the
settings that clients take.</p>
<p>State of the service: <a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>, <a href="/metrics">/metrics</a>.</p>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

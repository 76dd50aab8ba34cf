// Whether the service of this container serves requests; if not, what is in the way. The engine asks it as health check.
const answer = await fetch('http://127.0.0.1:10800/readyz', { signal: AbortSignal.timeout(10_000) }).catch((error) => error);
if (answer.ok) process.stdout.write(`${await answer.text()}\n`);
else {
  process.stderr.write(answer instanceof Error ? `no answer: ${answer.cause?.message ?? answer.message}\n` : `${await answer.text()}\n`);
  process.exitCode = 1;
}

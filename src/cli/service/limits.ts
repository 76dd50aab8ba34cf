import { createServer } from 'node:net';

/** What this machine cannot guarantee beyond what the provider of nodes finds, a sentence each; `linarite status` prints them. */
export async function machineLimits(): Promise<string[]> {
  const limits: string[] = [];
  if (process.platform !== 'linux') limits.push(`${process.platform}: no users, control groups or extra addresses for tasks`);
  if (!(await canListen('127.0.0.2'))) limits.push('no second loopback address: all nodes share the address 127.0.0.1');
  return limits;
}

function canListen(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ host, port: 0 }, () => probe.close(() => resolve(true)));
  });
}

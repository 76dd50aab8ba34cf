import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOST_SUFFIX } from '../../api/hostNames.ts';
import { messageOf } from '../../base/errors.ts';
import { runInOurPlace } from '../child.ts';
import { CommandError, EXIT } from '../errors.ts';
import { clientEnvironment, managedIdentityEnvironment } from '../service/environment.ts';
import { startProxy } from './proxy.ts';
import { runningOn, type Running } from './running.ts';

/** Where systems keep the authorities that they trust: Debian, Fedora, Alpine and macOS. */
const SYSTEM_AUTHORITIES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];

/**
 * `linarite shell [-- COMMAND…]`: a shell, or one command, in which names of Azure lead to the service. Returns its
 * exit status. @throws CommandError
 */
export async function shell(command: readonly string[], { dataDir }: { readonly dataDir?: string }): Promise<number> {
  const running = runningOn(dataDir);
  const { record } = running;
  const { hostname, port } = new URL(record.endpoint);
  const proxy = await startProxy({ service: { host: hostname, port: Number(port) }, suffix: record.options.hostSuffix ?? HOST_SUFFIX });
  const [program = process.env['SHELL'] ?? '/bin/sh', ...args] = command;
  try {
    return await runInOurPlace(program, args, { ...process.env, ...shellEnvironment(running, proxy.url) });
  } catch (error) {
    throw new CommandError(EXIT.failure, `${program} cannot be run: ${messageOf(error)}`);
  } finally {
    proxy.close();
  }
}

function shellEnvironment(running: Running, proxy: string): Readonly<Record<string, string>> {
  const { directory, record } = running;
  const bundle = authorities(running);
  const { LINARITE_PID: _pid, ...clients } = clientEnvironment(directory, record);
  return {
    ...clients,
    ...managedIdentityEnvironment(directory, record),
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    NO_PROXY: 'localhost,127.0.0.1,127.0.0.0/8,::1',
    no_proxy: 'localhost,127.0.0.1,127.0.0.0/8,::1',
    REQUESTS_CA_BUNDLE: bundle,
    SSL_CERT_FILE: bundle,
    CURL_CA_BUNDLE: bundle,
    NODE_EXTRA_CA_CERTS: clients.LINARITE_CA_FILE,
  };
}

/** A file with the system's authorities and ours: hosts that are not ours are reached as ever. */
function authorities({ directory }: Running): string {
  const own = join(directory.certificates, 'ca.pem');
  const system = SYSTEM_AUTHORITIES.find((path) => existsSync(path));
  const bundle = join(directory.certificates, 'bundle.pem');
  writeFileSync(bundle, [...(system === undefined ? [] : [system]), own].map((path) => readFileSync(path, 'utf8')).join('\n'));
  return bundle;
}

import { Option } from 'commander';

const FLAG = '--webhook-private';

/** Whether webhooks may reach what is not on the public internet. */
export function webhookOption(): Option {
  return new Option(FLAG, 'webhooks may lead to this machine and to private networks');
}

/** As the next process is told. */
export function webhookFlags(webhookPrivate: boolean | undefined): string[] {
  return webhookPrivate === true ? [FLAG] : [];
}

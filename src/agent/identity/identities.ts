import type { NameValue } from '../../core/status.ts';
import { messageOf } from '../failures.ts';
import type { IdentityWork } from '../frames.ts';
import type { Launcher } from '../launcher.ts';
import { say } from '../log.ts';
import type { Metadata } from '../metadata/server.ts';
import type { AgentOptions } from '../options.ts';
import type { NodePlace } from '../place/enter.ts';
import { pathIn } from '../place/imageRoot.ts';
import { nameBlobHosts } from './blobHosts.ts';
import { createNodeTokens } from './tokens.ts';

/** What a node does for attempts whose pool has a managed identity. */
interface Identities {
  /** Returns the variables of the attempt for it. `identity`: left out, its pool has none. */
  begin(attempt: string, identity: IdentityWork | undefined): readonly NameValue[];
  end(attempt: string): void;
}

interface IdentitiesOptions {
  readonly node: Pick<NodePlace, 'hasUsers' | 'image'>;
  readonly launcher: Pick<Launcher, 'membersOf'>;
  /** Where the agent reaches the service, and how that proves itself. */
  readonly service: () => Pick<AgentOptions, 'agentUrl' | 'authority'>;
  readonly metadata: Pick<Metadata, 'giveTokens'> | null;
}

export function createIdentities({ node, launcher, service, metadata }: IdentitiesOptions): Identities {
  const tokens = createNodeTokens({ service, membersOf: launcher.membersOf });
  metadata?.giveTokens(tokens.answer);
  return {
    begin: (attempt, identity) => {
      if (identity === undefined) return [];
      tokens.begin({ attempt, identity });
      // The machine's own list of names is not the node's to change.
      if (!node.hasUsers) return [];
      try {
        return nameBlobHosts(identity, { etc: node.image === null ? '/etc' : pathIn(node.image, '/etc'), service: new URL(service().agentUrl).hostname });
      } catch (error) {
        say(`the names of blobs could not be entered: ${messageOf(error)}`);
        return [];
      }
    },
    end: tokens.end,
  };
}

/** A Kubernetes API server, and who we are there. */
export interface Cluster {
  /** `https://host:port`, with a path where one was given; no slash at its end. */
  readonly server: string;
  /** Of the context or the service account; null: none is named. */
  readonly namespace: string | null;
  /** PEM of those who may have signed the server's certificate; null: the authorities that Node.js knows. */
  readonly authority: string | null;
  /** Whose name the certificate is to have; null: the host's. */
  readonly serverName: string | null;
  /** false: any certificate is taken. */
  readonly verified: boolean;
  /** What we show now: asked again before each request, since tokens are renewed. */
  credential(): Promise<ClusterCredential>;
  /** The API server refused the credential: the next one is made anew. */
  refused(): void;
}

export interface ClusterCredential {
  /** The header `authorization`. */
  readonly authorization?: string;
  /** PEM of a client certificate and its key. */
  readonly certificate?: string;
  readonly key?: string;
}

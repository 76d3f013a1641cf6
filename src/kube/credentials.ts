/** What opens and signs a connection. */
export interface Credentials {
  /** `authorization` and the like. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
}

/** PEM texts and the two ways to loosen the check of the server's name. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  /** `insecure-skip-tls-verify` of a kubeconfig. */
  readonly skipVerify?: boolean;
}

/**
 * Reads the credentials as they are now: files are read again, a plugin is asked again when what it
 * gave has expired. `afterRefusal` is true when the server refused the last ones (401).
 */
export type CredentialSource = (afterRefusal: boolean) => Promise<Credentials>;

export const noCredentials: Credentials = {headers: {}, tls: {}};

/** Whether connections opened with `left` may carry calls signed with `right`. */
export function sameTls(left: TlsMaterial, right: TlsMaterial): boolean {
  return (
    left.ca === right.ca &&
    left.cert === right.cert &&
    left.key === right.key &&
    left.serverName === right.serverName &&
    left.skipVerify === right.skipVerify
  );
}

/**
 * The address of an API server, without the slash at its end.
 * @throws Error where it is none; it is not repeated, as it may hold a password
 */
export function serverUrlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const problem = problemOf(url);
  if (problem === undefined) return text.replace(/\/$/, '');
  throw new Error(
    `Cannot use --server as it must be http(s)://HOST:PORT without user, password and query: current value ${problem}`,
  );
}

function problemOf(url: URL | undefined): string | undefined {
  if (!url) return 'is no URL';
  if (!/^https?:$/.test(url.protocol)) return `begins with ${url.protocol}`;
  if (url.username || url.password) return 'has a user or a password';
  if (url.search || url.hash) return 'has a query or a fragment';
  return undefined;
}

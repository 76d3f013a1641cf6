/** What the paths that name no object answer; undefined where there is no such path. */
export function discover(path: string): unknown {
  switch (path) {
    case '/version':
      return {major: '1', minor: '36', gitVersion: 'v1.36.3-embedded', platform: 'in-process'};
    case '/healthz':
    case '/livez':
    case '/readyz':
      return 'ok';
    default:
      return undefined;
  }
}

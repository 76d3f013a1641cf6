import packageJson from '../../package.json' with {type: 'json'};

/** The version of Berth, from package.json; a bundle carries it inlined. */
export const version: string = packageJson.version;

import { TowpathError } from '#libs/domain';
import { shellCommand, webCommand } from './procfile.js';

/** What a source folder holds, as far as the plan needs it. */
export interface SourceFacts {
  /** Names directly in the folder. */
  names: readonly string[];
  packageJson?: string;
  procfile?: string;
}

/** How a source becomes an image: what runs in it, and the command of the result. */
export interface BuildPlan {
  /** For the log: why this plan. */
  reason: string;
  steps: string[][];
  /** The image's command. */
  command: string[];
}

interface NodeFacts {
  main: string | undefined;
  scripts: Record<string, string>;
  dependencies: number;
  devDependencies: number;
}

const NPM_QUIET = ['--no-audit', '--no-fund', '--no-update-notifier'];
/** What npm puts on the path of a script. */
const NODE_BIN = 'export PATH="$PWD/node_modules/.bin:$PATH"; ';

/**
 * Decides how a source folder is built: a Procfile names the command, a package.json makes it a Node application.
 * @throws TowpathError NOT_SUPPORTED for a Dockerfile, BUILD_FAILED when nothing says how to run it
 */
export function planBuild(source: SourceFacts): BuildPlan {
  if (source.names.includes('Dockerfile')) throw dockerfile();
  const web = source.procfile === undefined ? undefined : webCommand(source.procfile);
  if (source.procfile !== undefined && web === undefined) throw noWeb();
  const node = source.packageJson === undefined ? undefined : readPackage(source.packageJson);
  const steps = node ? nodeSteps(node, source.names) : [];
  if (web !== undefined) {
    return { reason: 'the Procfile has a web line', steps, command: shellCommand(web, node ? NODE_BIN : '') };
  }
  if (!node) throw unknownKind();
  return { reason: 'it has a package.json', steps, command: nodeCommand(node, source.names) };
}

function nodeSteps(node: NodeFacts, names: readonly string[]): string[][] {
  const builds = node.scripts['build'] !== undefined;
  const locked = names.includes('package-lock.json') || names.includes('npm-shrinkwrap.json');
  const wanted = node.dependencies + (builds ? node.devDependencies : 0);
  const install = ['npm', locked ? 'ci' : 'install', ...(builds ? [] : ['--omit=dev']), ...NPM_QUIET];
  const prunes = builds && node.devDependencies > 0;
  return [
    ...(wanted > 0 ? [install] : []),
    ...(builds ? [['npm', 'run', 'build', '--no-update-notifier']] : []),
    ...(prunes ? [['npm', 'prune', '--omit=dev', ...NPM_QUIET]] : []),
  ];
}

function nodeCommand(node: NodeFacts, names: readonly string[]): string[] {
  const { start, prestart } = node.scripts;
  // npm itself is left out at run time: it costs a cold start a third of a second and hides signals.
  if (start !== undefined) return shellCommand(start, `${NODE_BIN}${prestart ? `${prestart} && ` : ''}`);
  if (node.main !== undefined) return ['node', node.main];
  if (names.includes('server.js')) return ['node', 'server.js'];
  if (names.includes('index.js')) return ['node', 'index.js'];
  throw new TowpathError('BUILD_FAILED', 'The package.json does not say what to start.', {
    violations: [
      { field: 'source', message: 'package.json has no start script and no main, and there is no server.js' },
    ],
    nextStep: 'Add a start script to package.json, e.g. "start": "node server.js", and deploy again.',
  });
}

function readPackage(text: string): NodeFacts {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw brokenPackage('is not JSON');
  }
  if (!isRecord(json)) throw brokenPackage('is no JSON object');
  const scripts = isRecord(json['scripts']) ? json['scripts'] : {};
  const main = json['main'];
  return {
    main: typeof main === 'string' && main !== '' ? main : undefined,
    scripts: Object.fromEntries(
      Object.entries(scripts).filter((script): script is [string, string] => typeof script[1] === 'string'),
    ),
    dependencies: count(json['dependencies']) + count(json['optionalDependencies']),
    devDependencies: count(json['devDependencies']),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function count(value: unknown): number {
  return isRecord(value) ? Object.keys(value).length : 0;
}

function dockerfile(): TowpathError {
  return new TowpathError('NOT_SUPPORTED', 'This installation does not build Dockerfiles.', {
    violations: [{ field: 'source', message: 'the folder holds a Dockerfile' }],
    nextStep:
      'Name the Dockerfile in .towignore and deploy again: the folder is built by its package.json or Procfile.',
  });
}

function noWeb(): TowpathError {
  return new TowpathError('BUILD_FAILED', 'The Procfile has no web line.', {
    violations: [{ field: 'source', message: 'the Procfile has no line `web: <command>`' }],
    nextStep: 'Add a line like `web: ./server` to the Procfile and deploy again.',
  });
}

function unknownKind(): TowpathError {
  return new TowpathError('BUILD_FAILED', 'Nothing in the folder says how to build it.', {
    violations: [{ field: 'source', message: 'there is neither a package.json nor a Procfile in its root' }],
    nextStep: 'Add a package.json with a start script, or a Procfile with a line `web: <command>`.',
  });
}

function brokenPackage(why: string): TowpathError {
  return new TowpathError('BUILD_FAILED', 'The package.json cannot be read.', {
    violations: [{ field: 'source', message: `package.json ${why}` }],
    nextStep: 'Mend package.json and deploy again.',
  });
}

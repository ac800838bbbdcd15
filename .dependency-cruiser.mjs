/** Every rule is derived from architecture.json; docs of a rule are its comment, printed with each violation. */
import { readFileSync } from 'node:fs';

const { rooms, specsMayAlsoImport, packages, specPackages, freePackagesOf, pure, order } = JSON.parse(
  readFileSync(new URL('architecture.json', import.meta.url), 'utf8'),
);

/** A rig is what several specs of a room stand on. */
const SPEC = '\\.(spec|story|rig)\\.ts$';
/** Folders and files of these names; and a service is a customer's workload, never a class of ours. */
const NAMELESS =
  '(/(utils?|common|shared|helpers?|core|mappers?)(/|\\.)|[.-](utils?|helpers?|mapper|service)\\.ts$)';
const ROOM = '^(apps/[^/]+|libs/[^/]+|e2e|bench)/';
const below = (folders) => `^(${folders.join('|')})/`;
/** Types of a package may come from a package of their own. */
const inPackage = (name) => `(^|/)node_modules/(@types/)?${name}(/|$)`;
const rule = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to });

const roomRules = Object.entries(rooms).flatMap(([room, mayImport]) => {
  const own = [room, ...mayImport];
  const outside = (allowed) => ({ path: '^(apps|libs|e2e|bench)/', pathNot: below(allowed) });
  const comment = `${room} may import: ${mayImport.join(', ') || 'no other room'}`;
  return [
    rule('room', comment, { path: below([room]), pathNot: SPEC }, outside(own)),
    rule(
      'spec',
      `specs of ${room} may also import ${specsMayAlsoImport.join(', ')}`,
      { path: `^${room}/.*${SPEC}` },
      outside([...own, ...specsMayAlsoImport]),
    ),
  ];
});

const ownerRules = Object.entries(packages).map(([name, owners]) =>
  rule(
    'owner',
    `${name} belongs to ${owners.join(', ')}`,
    {
      path: ROOM,
      pathNot: [below([...owners, ...freePackagesOf]), ...(specPackages.includes(name) ? [SPEC] : [])],
    },
    { path: inPackage(name) },
  ),
);

const orderRules = Object.entries(order).flatMap(([room, concepts]) => [
  ...concepts.map((concept, index) => {
    const later = concepts.slice(index + 1);
    const to = later.length > 0 ? `^${room}/src/(${later.join('|')})/` : '^$';
    return rule(
      'order',
      `${concept} may import only earlier concepts`,
      { path: `^${room}/src/${concept}/` },
      { path: to },
    );
  }),
  rule(
    'order',
    'what stands before the concepts imports none of them',
    { path: `^${room}/src/[^/]+\\.ts$`, pathNot: '/index\\.ts$' },
    { path: `^${room}/src/[^/]+/` },
  ),
  rule(
    'order',
    'a folder that is no concept of the list',
    { path: `^${room}/src/[^/]+/`, pathNot: `^${room}/src/(${concepts.join('|')})/` },
    {},
  ),
]);

export default {
  forbidden: [
    ...roomRules,
    ...ownerRules,
    ...orderRules,
    rule(
      'pure',
      'no packages, no node: modules, no I/O',
      { path: below([pure]), pathNot: SPEC },
      {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
      },
    ),
    rule(
      'owner',
      'a package without an owner in architecture.json',
      { path: ROOM, pathNot: [SPEC, below(freePackagesOf)] },
      { path: '(^|/)node_modules/', pathNot: Object.keys(packages).map(inPackage) },
    ),
    rule(
      'owner',
      'a package that specs may not use',
      { path: SPEC, pathNot: below(freePackagesOf) },
      { path: '(^|/)node_modules/', pathNot: [...Object.keys(packages), ...specPackages].map(inPackage) },
    ),
    rule(
      'declared',
      'a package that package.json does not name',
      { path: ROOM },
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    ),
    rule(
      'door',
      'a lib is entered only through its index.ts',
      { path: ROOM },
      { path: '^libs/[^/]+/(?!src/index\\.ts$)', pathNot: '^$1/' },
    ),
    rule(
      'own-door',
      'a lib never imports its own index.ts',
      { path: '^libs/([^/]+)/src/(?!index\\.ts$)' },
      { path: '^libs/$1/src/index\\.ts$' },
    ),
    rule('no-circular', 'imports run in a circle', {}, { circular: true }),
    rule('resolvable', 'it does not exist', {}, { couldNotResolve: true }),
    rule(
      'roomed',
      'a file outside the rooms of architecture.json',
      { path: '^(apps|libs)/', pathNot: below(Object.keys(rooms)) },
      {},
    ),
    rule(
      'named',
      'a name that says nothing, or a service that is none',
      { path: `${ROOM}.*${NAMELESS}` },
      {},
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // ours only: a package may keep its code in a folder named dist
    exclude: { path: '^(dist/|libs/[^/]+/src/generated/)' },
    // type-only imports count, too
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['towpath-source', 'import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};

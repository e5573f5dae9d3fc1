/**
 * Who may import whom (docs/ARCHITECTURE.md). A rule names what is forbidden and why.
 * Tests may reach further than the room they stand in, for they bring things together.
 */
const { builtinModules } = require('node:module')

const SERVICES = ['reservation', 'payment', 'ticket', 'notification']
const DOMAIN = `^(${SERVICES.join('|')})/domain/`
const OUTSIDE_WORLD = `^(node:)?(${builtinModules.join('|')})$|node_modules/(?!@sinclair/typebox/)`
const TEST = '[.]test[.]ts$|(^|/)(testing|fakes|sample)/|/testkit|^test/'
/** Folders of our own code; everything else that an import may name is a package or built in. */
const ROOMS =
  '^(contracts|platform|lua|reservation|payment|ticket|notification|client|web|operator|loadtest|examples|scripts|test|ops)/'

/** Room `room` may import, of our own rooms, those of `allowed` alone (and itself). */
const mayImport = (room, allowed, comment) => ({
  name: `${room.replace(/\W+/g, '-')}-imports`,
  comment,
  severity: 'error',
  from: { path: `^${room}/`, pathNot: TEST },
  to: { path: ROOMS, pathNot: `^(${[room, ...allowed].join('|')})/` },
})

/** Package `name` may be imported in `home` alone. */
const livesIn = (name, home, comment) => ({
  name: `${name.toLowerCase().replace(/\W+/g, '-')}-lives-in-one-place`,
  comment,
  severity: 'error',
  from: { pathNot: `${home}|[.]test[.]ts$|^test/` },
  to: { path: `(^|node_modules/)${name}(/|$)` },
})

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'What needs each other is one thing: join it, or cut the circle.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'The file or package that is named does not exist.',
      severity: 'error',
      from: {},
      // k6 brings its own modules; there is nothing of them to resolve but their types.
      to: { couldNotResolve: true, pathNot: '^k6(/|$)' },
    },
    {
      name: 'no-import-of-tests',
      comment:
        'A test is nobody’s library; share helpers through platform/testing or test/support.',
      severity: 'error',
      from: {},
      to: { path: '[.]test[.]ts$' },
    },
    {
      name: 'no-test-tools-in-the-product',
      comment: 'What ships must run without the packages and helpers of tests.',
      severity: 'error',
      from: { path: ROOMS, pathNot: TEST },
      to: { path: '^(platform/testing|test)/' },
    },
    {
      name: 'no-dev-packages-in-the-product',
      comment:
        'A production install leaves out what stands in devDependencies. The comparison and the ' +
        'tidy check do not ship, and of the page only what the build has made of it.',
      severity: 'error',
      from: { path: ROOMS, pathNot: `^(loadtest|scripts/tidy|web)/|${TEST}|[.]mjs$` },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    mayImport('contracts', [], 'contracts/ is what everybody agrees on: it depends on nobody.'),
    {
      name: 'contracts-need-typebox-alone',
      comment: 'Browsers and k6 load contracts/ too.',
      severity: 'error',
      from: { path: '^contracts/', pathNot: TEST },
      to: { pathNot: '^contracts/|node_modules/@sinclair/typebox/' },
    },
    mayImport('platform', ['contracts'], 'platform/ knows how services run, and no domain word.'),
    mayImport('lua', ['contracts', 'platform'], 'The scripts and their bindings serve services.'),
    ...SERVICES.map((service) =>
      mayImport(
        service,
        service === 'reservation' ? ['contracts', 'platform', 'lua'] : ['contracts', 'platform'],
        'Services speak over Kafka and HTTP, never by import.',
      ),
    ),
    mayImport(
      'examples',
      ['contracts', 'platform'],
      'An example has what a new service would have.',
    ),
    mayImport(
      'operator',
      ['contracts', 'platform', 'lua'],
      'Operator tools read views and topics.',
    ),
    mayImport('client', ['contracts'], 'The SDK runs in browsers.'),
    mayImport('web', ['contracts', 'client'], 'The page uses the SDK.'),
    {
      name: 'loadtest-imports',
      comment:
        'The comparison starts systems as processes, by the supervisor’s own list of services, and ' +
        'speaks to them over their interfaces. The baseline has a rule of its own.',
      severity: 'error',
      from: { path: '^loadtest/', pathNot: `^loadtest/baseline/|${TEST}` },
      to: {
        path: ROOMS,
        pathNot:
          '^(loadtest|contracts|platform|lua|operator|client)/|^scripts/supervisor/(secrets|services|workspace)[.]ts$',
      },
    },
    mayImport(
      'loadtest/baseline',
      ['contracts', 'platform', 'lua'],
      'The baseline is a system too.',
    ),
    {
      name: 'scripts-stay-outside-services',
      comment:
        'Scripts start services as processes and talk to them over their interfaces. What a service ' +
        'reads from its environment they may know, to refuse a bad value before anything runs.',
      severity: 'error',
      from: { path: '^scripts/', pathNot: TEST },
      to: { path: `^(${SERVICES.join('|')})/`, pathNot: '/config[.]ts$' },
    },
    {
      name: 'domain-is-pure',
      comment: 'Decisions take time and ids as arguments: no clock, no I/O, no package.',
      severity: 'error',
      from: { path: DOMAIN, pathNot: TEST },
      // The seat service's decisions speak the vocabulary of the scripts, which is plain data.
      to: { pathNot: `^(contracts/|lua/[^/]+[.]ts$)|${DOMAIN}` },
    },
    {
      name: 'domain-stays-pure',
      comment: 'What a decision imports must not bring in the outside world either.',
      severity: 'error',
      from: { path: DOMAIN, pathNot: TEST },
      to: { path: OUTSIDE_WORLD, reachable: true },
    },
    livesIn('kafkajs', '^platform/kafka/', 'One place knows how to treat kafkajs.'),
    livesIn('mysql2', '^platform/mysql/', 'One place knows how to treat mysql2.'),
    livesIn(
      'uWebSockets[.]js',
      '^(reservation|loadtest/(baseline|bare))/',
      'The seat service is the one HTTP entry; what it is compared with is carried by the same server.',
    ),
    livesIn('opossum', '^loadtest/baseline/', 'Synchronous calls alone need a circuit breaker.'),
    livesIn('bullmq', '^notification/', 'Deliveries alone are scheduled by BullMQ.'),
    livesIn('ioredis', '^(lua|reservation|notification|operator)/', 'Who needs Redis.'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^([.]holdfast|docs|client/dist|web/dist)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.cjs', '.js', '.json'],
    },
  },
}

import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const SPECS = ['**/*.spec.ts', '**/*.story.ts'];

/** Budgets of design.md section 5. */
const budgets = {
  complexity: ['error', 11],
  'max-lines': ['error', { max: 300, skipBlankLines: false, skipComments: false }],
  'max-lines-per-function': ['error', { max: 60 }],
};

const manners = [
  { selector: 'ExportAllDeclaration', message: 'A door names what it lets through.' },
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
  { selector: 'ClassDeclaration[id.name=/Service$/]', message: 'A service is a customer’s workload.' },
];

/** Where amounts are made: what would put one into a JS number, or round it on the way, is no syntax there. */
const MONEY = [
  ...['decimal', 'ratio'].map((name) => `libs/domain/src/price/${name}.ts`),
  ...['pricing', 'tiers', 'charges', 'corrections', 'rating', 'tally'].map(
    (name) => `libs/domain/src/rating/${name}.ts`,
  ),
  'libs/domain/src/billing/bill.ts',
  'libs/domain/src/billing/counted.usage.ts',
  'libs/domain/src/billing/request.cost.ts',
  'libs/domain/src/billing/budget.rules.ts',
  'libs/domain/src/billing/margin.ts',
  ...['entries', 'invoices', 'lines'].map((name) => `libs/domain/src/ledger/ledger.${name}.ts`),
  ...['rules', 'account'].map((name) => `libs/domain/src/billing/cap.${name}.ts`),
];
const exact = [
  {
    selector: 'CallExpression[callee.name=/^(Number|parseFloat|parseInt)$/]',
    message: 'Money is exact: Decimal or Ratio, never a JS number.',
  },
  {
    selector: 'MemberExpression[object.name=/^(Math|Number)$/][property.name!=/^(max|min)$/]',
    message: 'Money is exact: it is rounded once, by roundRatio, at the line.',
  },
  {
    selector: 'MemberExpression[property.name=/^to(Fixed|Precision)$/]',
    message: 'Money is written by formatRatio.',
  },
  { selector: 'Literal[raw=/^[0-9]*[.][0-9]/]', message: 'A rate is a text, read by parseDecimal.' },
];

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'coverage/',
      '**/generated/',
      'node_modules/',
      '.tools/',
      '.data/',
      '.lab/',
      'examples/',
      'e2e/apps/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error', noInlineConfig: true } },
  js.configs.recommended,
  { rules: budgets },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['prisma.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/only-throw-error': 'error',
      'no-restricted-syntax': ['error', ...manners],
    },
  },
  {
    // tests are tables: length is no smell there; jest's matchers are typed any
    files: SPECS,
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
  {
    // the door of a lib is a list of names, kept by the formatter one to a line: length is no smell there either
    files: ['libs/*/src/index.ts'],
    rules: { 'max-lines': 'off' },
  },
  { files: MONEY, rules: { 'no-restricted-syntax': ['error', ...manners, ...exact] } },
  { files: ['prisma.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'AbortSignal',
          'Buffer',
          'TextDecoder',
          'TextEncoder',
          'URL',
          'WebAssembly',
          'clearTimeout',
          'console',
          'fetch',
        ]
          .concat(['performance', 'process', 'setInterval', 'clearInterval', 'setTimeout'])
          .map((name) => [name, 'readonly']),
      ),
    },
  },
);

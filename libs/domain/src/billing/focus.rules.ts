import { parseDecimal } from '../price/decimal.js';
import { compareRatios, fraction, minus, ratioOf, times, type Ratio } from '../price/ratio.js';
import { FOCUS_COLUMNS, type FocusColumn, type FocusRow } from './focus.js';

type Rule = readonly [name: string, holds: (row: FocusRow) => boolean];

/**
 * What FOCUS 1.2 asks of a row, as far as this export has the columns: the names of the rules that it breaks. Of what is
 * optional or about columns that are not written (commitments, capacity, virtual currencies) nothing is said.
 */
export function focusProblems(row: FocusRow): string[] {
  return RULES.filter(([, holds]) => !holds(row)).map(([name]) => name);
}

const NOT_NULL = [
  ...['BilledCost', 'BillingAccountId', 'BillingAccountType', 'BillingCurrency', 'BillingPeriodEnd'],
  ...['BillingPeriodStart', 'ChargeCategory', 'ChargeDescription', 'ChargeFrequency', 'ChargePeriodEnd'],
  ...['ChargePeriodStart', 'ContractedCost', 'EffectiveCost', 'InvoiceId', 'InvoiceIssuerName', 'ListCost'],
  ...['ProviderName', 'PublisherName', 'ServiceCategory', 'ServiceName', 'ServiceSubcategory'],
] as readonly FocusColumn[];
/** Of what is priced. */
const PRICING = [
  ...['ContractedUnitPrice', 'ListUnitPrice', 'PricingCategory', 'PricingQuantity', 'PricingUnit'],
  ...['SkuId', 'SkuMeter', 'SkuPriceId'],
] as readonly FocusColumn[];
/** What must be null where there is no price of an SKU. */
const OF_SKUS = ['SkuMeter', 'SkuPriceDetails', 'SkuPriceId'] as readonly FocusColumn[];
const COSTS = ['BilledCost', 'ContractedCost', 'EffectiveCost', 'ListCost'] as const;
const PRICES = ['ContractedUnitPrice', 'ListUnitPrice'] as const;
const QUANTITIES = ['ConsumedQuantity', 'PricingQuantity'] as const;
const INSTANTS = ['BillingPeriodStart', 'BillingPeriodEnd', 'ChargePeriodStart', 'ChargePeriodEnd'] as const;

const CATEGORIES = ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment'];
const FREQUENCIES = ['One-Time', 'Recurring', 'Usage-Based'];
/** Committed is for commitments, which there are none of. */
const PRICING_CATEGORIES = ['Standard', 'Dynamic', 'Other'];
const SERVICES = [
  ...['AI and Machine Learning', 'Analytics', 'Business Applications', 'Compute', 'Databases'],
  ...['Developer Tools', 'Identity', 'Integration', 'Internet of Things', 'Management and Governance'],
  ...['Media', 'Migration', 'Mobile', 'Multicloud', 'Networking', 'Security', 'Storage', 'Web', 'Other'],
];
const COMPUTING = [
  ...['Containers', 'End User Computing', 'Quantum', 'Serverless Compute', 'Virtual Machines'],
  'Other (Compute)',
];
const DECIMAL = /^-?\d+(\.\d+)?$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
/** Numbers that do not end are cut at 20 places; a product of two such is right to this. */
const EXACTNESS = fraction(1n, 10n ** 12n);

const has = (row: FocusRow, column: FocusColumn): boolean => (row[column] ?? '') !== '';
const isCorrection = ({ ChargeClass }: FocusRow): boolean => ChargeClass === 'Correction';
const isOf = ({ ChargeCategory: is = '' }: FocusRow, ...categories: string[]): boolean =>
  categories.includes(is);
const areNumbers = (row: FocusRow, columns: readonly FocusColumn[]): boolean =>
  columns.every((column) => !has(row, column) || DECIMAL.test(row[column] ?? ''));
const numberIn = (row: FocusRow, column: FocusColumn): Ratio => ratioOf(parseDecimal(row[column] ?? ''));
const isNegative = (row: FocusRow, column: FocusColumn): boolean =>
  has(row, column) && (row[column] ?? '').startsWith('-');
const come = (row: FocusRow, ...columns: FocusColumn[]): boolean =>
  new Set(columns.map((column) => has(row, column))).size === 1;

/** Whether a cost is its unit price times the quantity, where the row has all three and corrects nothing. */
function isProduct(row: FocusRow, cost: FocusColumn, price: FocusColumn): boolean {
  const columns = [cost, price, 'PricingQuantity'] as const;
  if (isCorrection(row) || !columns.every((column) => DECIMAL.test(row[column] ?? ''))) return true;
  const off = minus(numberIn(row, cost), times(numberIn(row, price), numberIn(row, 'PricingQuantity')));
  return compareRatios(times(off, off), times(EXACTNESS, EXACTNESS)) <= 0;
}

const RULES: readonly Rule[] = [
  [
    'columns of our own begin with x_',
    (row) =>
      Object.keys(row).every((name) => name.startsWith('x_') || FOCUS_COLUMNS.some((one) => one === name)),
  ],
  ['what must not be null is there', (row) => NOT_NULL.every((column) => has(row, column))],
  ['ChargeCategory is one of five', ({ ChargeCategory: is = '' }) => CATEGORIES.includes(is)],
  ['ChargeFrequency is one of three', ({ ChargeFrequency: is = '' }) => FREQUENCIES.includes(is)],
  ['ChargeClass is Correction or null', ({ ChargeClass: is }) => is === undefined || is === 'Correction'],
  ['ServiceCategory is one of nineteen', ({ ServiceCategory: is = '' }) => SERVICES.includes(is)],
  [
    'PricingCategory is one that needs no commitment',
    ({ PricingCategory: is }) => is === undefined || PRICING_CATEGORIES.includes(is),
  ],
  ['a frequency of usage is of usage', (row) => row.ChargeFrequency !== 'Usage-Based' || isOf(row, 'Usage')],
  ['costs are decimals', (row) => areNumbers(row, COSTS)],
  [
    'unit prices are decimals of at least 0',
    (row) => areNumbers(row, PRICES) && !PRICES.some((column) => isNegative(row, column)),
  ],
  ['quantities are decimals', (row) => areNumbers(row, QUANTITIES)],
  ['times are UTC, to the second', (row) => INSTANTS.every((column) => TIME.test(row[column] ?? ''))],
  [
    'periods end after their start',
    ({
      BillingPeriodStart: a = '',
      BillingPeriodEnd: b = '',
      ChargePeriodStart: c = '',
      ChargePeriodEnd: d = '',
    }) => a < b && c < d,
  ],
  [
    'a charge of the period lies in it; only a correction lies elsewhere',
    (row) =>
      isCorrection(row) ||
      ((row.ChargePeriodStart ?? '') >= (row.BillingPeriodStart ?? '') &&
        (row.ChargePeriodEnd ?? '') <= (row.BillingPeriodEnd ?? '')),
  ],
  ['the currency has three letters', ({ BillingCurrency: is = '' }) => /^[A-Z]{3}$/.test(is)],
  [
    'quantity and unit come together',
    (row) => come(row, 'PricingQuantity', 'PricingUnit') && come(row, 'ConsumedQuantity', 'ConsumedUnit'),
  ],
  [
    'what is said of an SKU comes with the SKU',
    (row) => has(row, 'SkuId') || !OF_SKUS.some((column) => has(row, column)),
  ],
  ['details of a price are an object of simple values', ({ SkuPriceDetails: is }) => isKeyed(is)],
  ['the subcategory is of its category', (row) => isSubcategory(row)],
  [
    'usage and purchases are priced, unless they are corrected',
    (row) =>
      !isOf(row, 'Usage', 'Purchase') || isCorrection(row) || PRICING.every((column) => has(row, column)),
  ],
  ['tax is not priced', (row) => !isOf(row, 'Tax') || !PRICING.some((column) => has(row, column))],
  [
    'usage says what was consumed, unless it is corrected',
    (row) => !isOf(row, 'Usage') || isCorrection(row) || has(row, 'ConsumedQuantity'),
  ],
  ['only usage is consumed', (row) => isOf(row, 'Usage') || !has(row, 'ConsumedQuantity')],
  ['the list cost is list price times quantity', (row) => isProduct(row, 'ListCost', 'ListUnitPrice')],
  [
    'the contracted cost is contracted price times quantity',
    (row) => isProduct(row, 'ContractedCost', 'ContractedUnitPrice'),
  ],
  [
    'what has no unit price costs what is billed',
    (row) =>
      (has(row, 'ListUnitPrice') || row.ListCost === row.BilledCost) &&
      (has(row, 'ContractedUnitPrice') || row.ContractedCost === row.BilledCost),
  ],
  ['what was not paid before is effective as billed', (row) => row.EffectiveCost === row.BilledCost],
  [
    'a credit takes off, unless it is corrected',
    (row) => !isOf(row, 'Credit') || isCorrection(row) || isNegative(row, 'BilledCost') || isNothing(row),
  ],
];

/** FOCUS's KeyValueFormat; absent is null. */
function isKeyed(text: string | undefined): boolean {
  if (text === undefined) return true;
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && Object.values(value).every((one) => one === null || typeof one !== 'object');
  } catch {
    return false;
  }
}

function isSubcategory({ ServiceCategory: category = '', ServiceSubcategory: is = '' }: FocusRow): boolean {
  return category !== 'Compute' || COMPUTING.includes(is);
}

function isNothing({ BilledCost = '' }: FocusRow): boolean {
  return /^0(\.0+)?$/.test(BilledCost);
}

/**
 * Columns that a dataset of FOCUS 1.2 must have, null or not, where who makes it has prices by unit, price lists, regions and
 * names of accounts. The other conditional ones are of what there is none of here: commitments, capacity, sub-accounts, billing by
 * provisioned resource, availability zones, tags, other currencies than the bill's.
 */
export const FOCUS_PRESENT: readonly string[] = [
  ...[
    ...NOT_NULL,
    ...PRICING,
    ...OF_SKUS,
    ...QUANTITIES,
    'BillingAccountName',
    'ChargeClass',
    'ConsumedUnit',
  ],
  ...['RegionId', 'RegionName'],
];

/** The names of all of them. */
export const FOCUS_RULES: readonly string[] = RULES.map(([name]) => name);

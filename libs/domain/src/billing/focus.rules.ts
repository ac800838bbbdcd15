import { compare, parseDecimal } from '../price/decimal.js';
import type { FocusRow } from './focus.js';

/** What FOCUS 1.2 asks of rows, as far as this export has the columns: the names of the rules that a row breaks. */
export function focusProblems(row: FocusRow): string[] {
  return RULES.filter(([, holds]) => !holds(row)).map(([name]) => name);
}

const CATEGORIES = ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment'];
const FREQUENCIES = ['One-Time', 'Recurring', 'Usage-Based'];
const MUST = [
  ...['BilledCost', 'BillingAccountId', 'BillingCurrency', 'BillingPeriodEnd', 'BillingPeriodStart'],
  ...['ChargeCategory', 'ChargeFrequency', 'ChargePeriodEnd', 'ChargePeriodStart', 'ContractedCost'],
  ...['EffectiveCost', 'InvoiceIssuerName', 'ListCost', 'ProviderName', 'PublisherName'],
  ...['ServiceCategory', 'ServiceName'],
] as const;
const DECIMAL = /^-?\d+(\.\d+)?$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

const RULES: readonly (readonly [string, (row: FocusRow) => boolean])[] = [
  ['what must not be null is there', (row) => MUST.every((column) => (row[column] ?? '') !== '')],
  ['ChargeCategory is one of five', ({ ChargeCategory: is = '' }) => CATEGORIES.includes(is)],
  ['ChargeFrequency is one of three', ({ ChargeFrequency: is = '' }) => FREQUENCIES.includes(is)],
  ['ChargeClass is Correction or null', ({ ChargeClass: is }) => is === undefined || is === 'Correction'],
  [
    'a frequency of usage is of usage',
    (row) => row.ChargeFrequency !== 'Usage-Based' || row.ChargeCategory === 'Usage',
  ],
  [
    'a purchase is not usage-based',
    (row) => row.ChargeCategory !== 'Purchase' || row.ChargeFrequency !== 'Usage-Based',
  ],
  [
    'costs are decimals',
    (row) =>
      [row.BilledCost, row.EffectiveCost, row.ListCost, row.ContractedCost].every((text = '') =>
        DECIMAL.test(text),
      ),
  ],
  [
    'periods are instants, the end after the start',
    ({
      BillingPeriodStart: a = '',
      BillingPeriodEnd: b = '',
      ChargePeriodStart: c = '',
      ChargePeriodEnd: d = '',
    }) => [a, b, c, d].every((text) => TIME.test(text)) && a < b && c < d,
  ],
  [
    'a charge of the period lies in it; only a correction lies elsewhere',
    (row) =>
      row.ChargeClass === 'Correction' ||
      ((row.ChargePeriodStart ?? '') >= (row.BillingPeriodStart ?? '') &&
        (row.ChargePeriodEnd ?? '') <= (row.BillingPeriodEnd ?? '')),
  ],
  ['the currency has three letters', ({ BillingCurrency: is = '' }) => /^[A-Z]{3}$/.test(is)],
  [
    'quantity and unit come together',
    (row) =>
      (row.PricingQuantity === undefined) === (row.PricingUnit === undefined) &&
      (row.ConsumedQuantity === undefined) === (row.ConsumedUnit === undefined),
  ],
  ['only usage is consumed', (row) => row.ConsumedQuantity === undefined || row.ChargeCategory === 'Usage'],
  [
    'tax and credit have no unit price',
    (row) => !['Tax', 'Credit'].includes(row.ChargeCategory ?? '') || row.ListUnitPrice === undefined,
  ],
  [
    'a credit takes off, unless it is corrected',
    (row) =>
      row.ChargeCategory !== 'Credit' ||
      row.ChargeClass === 'Correction' ||
      compare(parseDecimal(row.BilledCost ?? '0'), parseDecimal('0')) <= 0,
  ],
];

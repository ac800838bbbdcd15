import { FOCUS_COLUMNS, type FocusRow } from './focus.js';
import { FOCUS_PRESENT, FOCUS_RULES, focusProblems } from './focus.rules.js';

const BASE: FocusRow = {
  ...{ BilledCost: '10.8', EffectiveCost: '10.8', ListCost: '10.8', ContractedCost: '10.8' },
  ...{ BillingAccountId: 'org_1', BillingAccountName: 'org_1', BillingAccountType: 'Organization' },
  BillingCurrency: 'USD',
  ...{ BillingPeriodStart: '2026-11-01T00:00:00Z', BillingPeriodEnd: '2026-12-01T00:00:00Z' },
  ...{ ChargePeriodStart: '2026-11-01T00:00:00Z', ChargePeriodEnd: '2026-12-01T00:00:00Z' },
  ...{ ChargeDescription: 'what it is', InvoiceId: 'INV-1-000001', InvoiceIssuerName: 'Towpath' },
  ...{ ProviderName: 'Towpath', PublisherName: 'Towpath' },
  ...{
    ServiceCategory: 'Compute',
    ServiceSubcategory: 'Serverless Compute',
    ServiceName: 'Serverless containers',
  },
};
const SKU: FocusRow = {
  ...{
    SkuId: 'builtin/cpu',
    SkuMeter: 'CPU',
    SkuPriceId: 'builtin/1/cpu',
    SkuPriceDetails: '{"PlanVersion":1}',
  },
};
const PRICED: FocusRow = {
  ...{ ListCost: '12', ContractedCost: '12', ListUnitPrice: '0.0000024', ContractedUnitPrice: '0.0000024' },
  ...{ PricingCategory: 'Standard', PricingQuantity: '5000000', PricingUnit: '100 ms x vCPU', ...SKU },
};
const ROWS = {
  usage: {
    ...{ ...BASE, ...PRICED, ChargeCategory: 'Usage', ChargeFrequency: 'Usage-Based' },
    ...{ ConsumedQuantity: '5000000', ConsumedUnit: '100 ms x vCPU' },
  },
  purchase: { ...BASE, ...PRICED, ChargeCategory: 'Purchase', ChargeFrequency: 'Recurring' },
  correction: {
    ...{
      ...BASE,
      ...SKU,
      ChargeCategory: 'Usage',
      ChargeFrequency: 'Usage-Based',
      ChargeClass: 'Correction',
    },
    ...{ ChargePeriodStart: '2026-10-10T13:00:00Z', ChargePeriodEnd: '2026-10-10T14:00:00Z' },
  },
  tax: { ...BASE, ChargeCategory: 'Tax', ChargeFrequency: 'Recurring' },
  credit: {
    ...{ ...BASE, ChargeCategory: 'Credit', ChargeFrequency: 'One-Time' },
    ...{ BilledCost: '-5', EffectiveCost: '-5', ListCost: '-5', ContractedCost: '-5' },
  },
  adjustment: { ...BASE, ChargeCategory: 'Adjustment', ChargeFrequency: 'One-Time' },
} satisfies Record<string, FocusRow>;

/** Each breaks one rule. */
const MUTATIONS: [rule: string, of: keyof typeof ROWS, change: Record<string, string | undefined>][] = [
  ['columns of our own begin with x_', 'usage', { Team: 'shop' }],
  ['what must not be null is there', 'usage', { BillingAccountId: undefined }],
  ['what must not be null is there', 'tax', { BillingAccountType: undefined }],
  ['what must not be null is there', 'purchase', { InvoiceId: '' }],
  ['ChargeCategory is one of five', 'adjustment', { ChargeCategory: 'Discount' }],
  ['ChargeFrequency is one of three', 'usage', { ChargeFrequency: 'Monthly' }],
  ['ChargeClass is Correction or null', 'usage', { ChargeClass: 'Late' }],
  ['ServiceCategory is one of nineteen', 'usage', { ServiceCategory: 'Serverless' }],
  ['PricingCategory is one that needs no commitment', 'usage', { PricingCategory: 'Committed' }],
  ['a frequency of usage is of usage', 'purchase', { ChargeFrequency: 'Usage-Based' }],
  ['costs are decimals', 'usage', { ListCost: '36/3' }],
  ['unit prices are decimals of at least 0', 'correction', { ListUnitPrice: '-1' }],
  ['unit prices are decimals of at least 0', 'correction', { ContractedUnitPrice: '1/3' }],
  ['quantities are decimals', 'usage', { ConsumedQuantity: '5e6' }],
  ['times are UTC, to the second', 'usage', { ChargePeriodEnd: '2026-12-01T00:00:00+00:00' }],
  ['periods end after their start', 'correction', { ChargePeriodEnd: '2026-10-10T13:00:00Z' }],
  [
    'a charge of the period lies in it; only a correction lies elsewhere',
    'usage',
    { ChargePeriodStart: '2026-10-01T00:00:00Z' },
  ],
  ['the currency has three letters', 'usage', { BillingCurrency: '$' }],
  ['quantity and unit come together', 'usage', { ConsumedUnit: undefined }],
  ['what is said of an SKU comes with the SKU', 'correction', { SkuId: undefined }],
  ['what is said of an SKU comes with the SKU', 'credit', { SkuMeter: 'CPU' }],
  ['details of a price are an object of simple values', 'usage', { SkuPriceDetails: '["1"]' }],
  ['details of a price are an object of simple values', 'usage', { SkuPriceDetails: '{"Plan":{}}' }],
  ['details of a price are an object of simple values', 'usage', { SkuPriceDetails: 'Plan=1' }],
  ['the subcategory is of its category', 'usage', { ServiceSubcategory: 'Messaging' }],
  ['usage and purchases are priced, unless they are corrected', 'usage', { PricingCategory: undefined }],
  ['usage and purchases are priced, unless they are corrected', 'purchase', { SkuPriceId: undefined }],
  ['tax is not priced', 'tax', { PricingCategory: 'Standard' }],
  ['tax is not priced', 'tax', { SkuId: 'builtin/cpu' }],
  [
    'usage says what was consumed, unless it is corrected',
    'usage',
    { ConsumedQuantity: undefined, ConsumedUnit: undefined },
  ],
  ['only usage is consumed', 'credit', { ConsumedQuantity: '1', ConsumedUnit: 'month' }],
  ['the list cost is list price times quantity', 'usage', { ListCost: '12.01' }],
  ['the list cost is list price times quantity', 'purchase', { ListUnitPrice: '0.0000025' }],
  ['the contracted cost is contracted price times quantity', 'usage', { ContractedCost: '10.8' }],
  ['what has no unit price costs what is billed', 'adjustment', { ListCost: '11' }],
  ['what was not paid before is effective as billed', 'usage', { EffectiveCost: '0' }],
  [
    'a credit takes off, unless it is corrected',
    'credit',
    { BilledCost: '5', EffectiveCost: '5', ListCost: '5', ContractedCost: '5' },
  ],
];

it.each(Object.entries(ROWS))('a row of FOCUS 1.2: %s', (_name, row) => {
  expect(focusProblems(row)).toEqual([]);
});

it.each(MUTATIONS)('%s, else a row breaks this rule alone: %s %j', (rule, of, change) => {
  expect(focusProblems({ ...ROWS[of], ...change })).toEqual([rule]);
});

it('every rule can be broken', () => {
  expect([...new Set(MUTATIONS.map(([rule]) => rule))]).toEqual(FOCUS_RULES);
});

it('has every column that a dataset must have', () => {
  expect(FOCUS_PRESENT.filter((name) => !FOCUS_COLUMNS.some((one) => one === name))).toEqual([]);
});
